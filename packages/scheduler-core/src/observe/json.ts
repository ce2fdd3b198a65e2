/** As `JSON.stringify`, for all that a task may carry: bytes, big integers, maps, sets, dates. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, replace) ?? 'null'
}

function replace(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  if (value instanceof Error) return { name: value.name, message: value.message }
  // A Buffer's own toJSON has already made an object of it.
  if (isSerializedBuffer(value)) return { base64: Buffer.from(value.data).toString('base64') }
  return value
}

function isSerializedBuffer(value: unknown): value is { readonly data: readonly number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value &&
    Array.isArray(value.data)
  )
}
