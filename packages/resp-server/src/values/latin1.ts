/** Methods that every Buffer has and its types leave out: no encoding name to look up per call. */
interface Latin1Methods {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

/** Bytes as a string of one character per byte. */
export function readLatin1(bytes: Buffer, start = 0, end: number = bytes.length): string {
  // Node has it on every Buffer, its types do not
  return (bytes as unknown as Latin1Methods).latin1Slice(start, end)
}

/** The inverse of {@link readLatin1}. */
export function writeLatin1(bytes: Buffer, text: string, offset: number): void {
  // as above
  ;(bytes as unknown as Latin1Methods).latin1Write(text, offset, text.length)
}

/** A Buffer over the same memory. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Longer ones are quicker looked through by a regular expression. */
const SHORT = 64
const NOT_ASCII = /[^\0-\x7f]/

/** True when UTF-8 has it as it is. */
export function isAscii(text: string): boolean {
  const { length } = text
  if (length > SHORT) return !NOT_ASCII.test(text)
  let bits = 0
  for (let at = 0; at < length; at += 1) bits |= text.charCodeAt(at)
  return bits <= 0x7f
}

/** Whether a string is of the bytes `bytes[start..end)`. From the end, where keys that are alike differ. */
export function isSame(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text.charCodeAt(at) !== bytes[start + at]) return false
  }
  return true
}
