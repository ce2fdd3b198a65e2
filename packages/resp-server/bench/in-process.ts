import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Contest, Row } from '@ashlar/bench-kit'

const CALLS = fileURLToPath(new URL('in-process-calls.ts', import.meta.url))
const GOAL = 2_000_000
/** Rounds that garbage collection is part of. */
const ROUND_MS = 100

async function open(before: string): Promise<Contest> {
  const child = fork(CALLS, [before])
  await once(child, 'message')
  return {
    async ours() {
      child.send(ROUND_MS)
      const [perSecond] = await once(child, 'message')
      return perSecond
    },
    theirs: () => GOAL,
    async close() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

const row = (name: string, before: string, notes: string): Row => ({
  name,
  unit: 'op/s',
  peer: 'goal',
  must: 1,
  aim: 1,
  notes: `64 calls under way, 100,000 keys, ${notes}`,
  open: () => open(before),
})

/** The in-process client against what it should do. */
export const inProcessRows: readonly Row[] = [
  row('GET in-process', 'nothing', 'a process of its own'),
  row('GET in-process, mixed', 'mixed', 'after 160,000 calls of eight commands'),
]
