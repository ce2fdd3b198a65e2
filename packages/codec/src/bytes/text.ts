// Node's own slicers, called on any Uint8Array: `toString` needs a Buffer and a TextDecoder
// a subarray, either of which costs as much as the decoding of a short text.
interface Slicers {
  readonly latin1Slice: (start: number, end: number) => string
  readonly utf8Slice: (start: number, end: number) => string
}

// The methods exist on every Buffer but are not part of its declared type.
const slicers = Buffer.prototype as unknown as Slicers

/** One character per byte. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  return slicers.latin1Slice.call(bytes, start, end)
}

/** UTF-8; malformed bytes become U+FFFD, and a byte order mark stays. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  return slicers.utf8Slice.call(bytes, start, end)
}
