/** Undoes LZF compression; undefined when the bytes are damaged or do not give just `length`. */
export function decompressLzf(packed: Buffer, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length)
  let from = 0
  let to = 0
  while (from < packed.length) {
    const control = packed[from] as number
    from += 1
    if (control < 32) {
      const run = control + 1
      if (from + run > packed.length || to + run > length) return undefined
      packed.copy(bytes, to, from, from + run)
      from += run
      to += run
      continue
    }
    let run = control >>> 5
    if (run === 7) {
      run += packed[from] ?? 0
      from += 1
    }
    const back = ((control & 31) << 8) | (packed[from] ?? 0)
    from += 1
    run += 2
    const start = to - back - 1
    if (from > packed.length || start < 0 || to + run > length) return undefined
    for (let at = 0; at < run; at += 1) bytes[to + at] = bytes[start + at] as number
    to += run
  }
  return to === length ? bytes : undefined
}
