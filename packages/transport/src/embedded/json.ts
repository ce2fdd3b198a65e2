/** Options as JSON. `Infinity`, which means "no limit", becomes null, which options do not have. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** What {@link encodeJson} wrote; the layout's version vouches for its shape. */
export function decodeJson<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes), (_, field: unknown) => field ?? Infinity)
}
