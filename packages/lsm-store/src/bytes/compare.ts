/**
 * Order of two byte ranges: negative, zero or positive. A loop in JavaScript beats the call into
 * `Buffer.compare` for keys up to a few hundred bytes.
 */
export function compareRanges(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart
  const bLength = bEnd - bStart
  const shared = Math.min(aLength, bLength)
  for (let i = 0; i < shared; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number)
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/**
 * True when the range of `a` holds exactly the first `length` bytes of `key`. From the end on: keys
 * that stand in order beside each other differ there.
 */
export function rangeEquals(
  a: Uint8Array,
  start: number,
  end: number,
  key: Uint8Array,
  length: number,
): boolean {
  if (end - start !== length) return false
  for (let i = length - 1; i >= 0; i--) {
    if (a[start + i] !== key[i]) return false
  }
  return true
}

/** Order of two whole byte arrays. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return compareRanges(a, 0, a.length, b, 0, b.length)
}
