import type { Random } from '@ashlar/codec'

/** `count` distinct numbers below `size`, each subset equally likely. */
export function sampleDistinct(random: Random, size: number, count: number): number[] {
  if (count * 3 > size) {
    const all = Array.from({ length: size }, (_, index) => index)
    for (let at = 0; at < count; at += 1) {
      const other = at + Math.floor(random.next() * (size - at))
      const taken = all[other] as number
      all[other] = all[at] as number
      all[at] = taken
    }
    return all.slice(0, count)
  }
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(Math.floor(random.next() * size))
  return [...chosen]
}
