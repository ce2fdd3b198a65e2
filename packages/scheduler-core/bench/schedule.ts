import type { Row } from '@ashlar/bench-kit'
import { openPair, PAYLOAD, RECORD } from './setup.ts'

const FAR = 3_600_000
const NOTES = 'interval sync on both sides; the peer is what the scheduler stands on'

export const scheduleRows: readonly Row[] = [
  {
    name: 'schedule, one awaited',
    unit: 'op/s',
    peer: 'lsm-store put',
    must: 0.1,
    aim: 0.2,
    notes: NOTES,
    async open({ roundMs }) {
      const { scheduler, store, close } = await openPair()
      let n = 0
      const delayMs = (): number => FAR + ((n++ * 7_919) % FAR)
      return {
        ours: () =>
          rate(roundMs, 1, () =>
            scheduler.schedule({ handler: 'noop', payload: PAYLOAD, delayMs: delayMs() }),
          ),
        theirs: () => rate(roundMs, 1, () => store.put(`task:${delayMs()}`, RECORD)),
        close,
      }
    },
  },
  {
    name: 'schedule, bulk of 1000',
    unit: 'op/s',
    peer: 'lsm-store batch',
    must: 0.1,
    aim: 0.2,
    notes: NOTES,
    async open({ roundMs }) {
      const { scheduler, store, close } = await openPair()
      let n = 0
      const delayMs = (): number => FAR + ((n++ * 7_919) % FAR)
      const spec = () => ({ handler: 'noop', payload: PAYLOAD, delayMs: delayMs() })
      return {
        ours: () =>
          rate(roundMs, 1_000, () => scheduler.scheduleMany(Array.from({ length: 1_000 }, spec))),
        theirs: () =>
          rate(roundMs, 1_000, () => {
            const batch = store.batch()
            for (let m = 0; m < 1_000; m++) batch.put(`task:${delayMs()}`, RECORD)
            return store.write(batch)
          }),
        close,
      }
    },
  },
]

/** Steps of `each` operations, one after the other, for at least `minMs`: operations per second. */
async function rate(minMs: number, each: number, step: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let steps = 1; ; steps++) {
    await step()
    const elapsedMs = performance.now() - start
    if (elapsedMs >= minMs) return (steps * each * 1_000) / elapsedMs
  }
}
