import type { Row } from '@ashlar/bench-kit'
import { createServer } from '@ashlar/resp-server'

const KEYS = Array.from({ length: 100_000 }, (_, n) => `key:${n}`)
/** Calls under way at once: a service answers many requests at a time. */
const AT_ONCE = 64

const GOAL = 2_000_000
/** Until the code that a GET runs through is compiled, and rounds that garbage collection is part of. */
const WARM_UP_MS = 500
const ROUND_MS = 100

/** The in-process client against what it should do. */
export const inProcessRows: readonly Row[] = [
  {
    name: 'GET in-process',
    unit: 'op/s',
    peer: 'goal',
    must: 1,
    aim: 1,
    notes: '64 calls under way, 100,000 keys',
    async open() {
      const server = await createServer()
      for (const key of KEYS) await server.execute(['SET', key, key])
      const rate = async (milliseconds: number): Promise<number> => {
        const start = performance.now()
        let done = 0
        while (performance.now() - start < milliseconds) {
          const calls: Promise<unknown>[] = []
          for (let n = 0; n < AT_ONCE; n += 1) {
            calls.push(server.execute(['GET', KEYS[(done + n) % KEYS.length] as string]))
          }
          await Promise.all(calls)
          done += AT_ONCE
        }
        return (done * 1000) / (performance.now() - start)
      }
      await rate(WARM_UP_MS)
      return {
        ours: () => rate(ROUND_MS),
        theirs: async () => GOAL,
        close: () => server.close(),
      }
    },
  },
]
