/** How many bytes a position takes. */
export const POSITION_BYTES = 8

/** A position so that bytes sort as numbers do: see `docs/store-layout.md`. */
export function writePosition(bytes: Buffer, position: number, offset: number): void {
  bytes.writeDoubleBE(position, offset)
  if ((bytes[offset] as number) & 0x80) flip(bytes, offset)
  else bytes[offset] = (bytes[offset] as number) | 0x80
}

/** Undoes {@link writePosition}; what stands there is used up. */
export function takePosition(bytes: Buffer): number {
  if ((bytes[0] as number) & 0x80) bytes[0] = (bytes[0] as number) & 0x7f
  else flip(bytes, 0)
  return bytes.readDoubleBE(0)
}

function flip(bytes: Buffer, offset: number): void {
  for (let at = offset; at < offset + POSITION_BYTES; at += 1) bytes[at] = ~(bytes[at] as number)
}
