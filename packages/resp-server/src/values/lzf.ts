/**
 * Expands LZF, the compression of strings in RDB. A control byte below 32 announces that many
 * literal bytes and one more; any other a copy of what was written before: length in the upper
 * three bits (7: one more byte to add), distance in the other five and the byte behind.
 * Undefined for damaged input; never makes more than `size` bytes.
 */
export function expandLzf(input: Uint8Array, size: number): Buffer | undefined {
  const output = Buffer.allocUnsafe(size)
  let from = 0
  let to = 0
  while (from < input.length) {
    const control = input[from] as number
    from += 1
    if (control < 32) {
      const end = from + control + 1
      if (end > input.length || to + control + 1 > size) return undefined
      output.set(input.subarray(from, end), to)
      to += control + 1
      from = end
      continue
    }
    let length = control >> 5
    if (length === 7) {
      length += input[from] ?? 0
      from += 1
    }
    if (from >= input.length) return undefined
    let source = to - ((control & 0x1f) << 8) - (input[from] as number) - 1
    from += 1
    length += 2
    if (source < 0 || to + length > size) return undefined
    for (; length > 0; length -= 1) {
      output[to] = output[source] as number
      to += 1
      source += 1
    }
  }
  return to === size ? output : undefined
}
