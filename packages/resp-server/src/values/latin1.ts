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
