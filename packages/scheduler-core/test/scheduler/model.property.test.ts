// Replay a failure with the seed and path that fast-check prints; SCHEDULER_RUNS raises the number
// of histories for a longer soak.
import fc from 'fast-check'
import { test } from 'vitest'
import { history, play } from '../model/history.ts'

const RUNS = Number(process.env['SCHEDULER_RUNS'] ?? 60)

test('random histories with crashes, clock steps and full memory keep every invariant', async () => {
  await fc.assert(
    fc.asyncProperty(history, (one) => play(one)),
    { numRuns: RUNS },
  )
}, 600_000)
