/** What abstract-level hands in and takes back: strings for `utf8`, bytes for `buffer` and `view`. */
export type LevelData = string | Buffer | Uint8Array

/** Turns the store's bytes into what a format wants. The bytes are the caller's own already. */
export type Decode = (bytes: Uint8Array) => LevelData

const asText: Decode = (bytes) => asBuffer(bytes).toString()
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const asView: Decode = (bytes) => bytes

/** The decoder of a format; anything but `utf8` and `buffer` gets plain bytes. */
export function decoderOf(format: unknown): Decode {
  if (format === 'utf8') return asText
  return format === 'buffer' ? asBuffer : asView
}
