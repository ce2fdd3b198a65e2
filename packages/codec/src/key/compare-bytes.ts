/**
 * Compares as `memcmp` does: byte by byte, unsigned; the shorter one first when it is a prefix.
 *
 * @returns a negative number, 0 or a positive number
 * @example
 * ```ts
 * keys.sort(compareBytes)
 * ```
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
