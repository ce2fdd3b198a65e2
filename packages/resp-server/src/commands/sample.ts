import type { Random } from '@ashlar/codec'
import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'

/**
 * `count` of `size`, each as likely as any other each time: how many there are says the client, so
 * they come one by one, and end when nobody takes them any more. Throws for more than a reply may have.
 */
export function sampleRepeated(
  { reply, server }: Client,
  size: number,
  count: number,
): Iterable<number> {
  if (count > reply.maxValues)
    throw new ReplyError(
      `ERR value is out of range: a reply here has at most ${reply.maxValues} values`,
    )
  return (function* () {
    for (let left = count; left > 0 && !reply.isFull; left -= 1) {
      yield Math.floor(server.random.next() * size)
    }
  })()
}

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
