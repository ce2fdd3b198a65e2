/** Bytes as lower-case hex, for JSON. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/** The bytes, in memory of their own, or undefined when the value is no lower-case hex. */
export function fromHex(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(text)) return undefined
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
