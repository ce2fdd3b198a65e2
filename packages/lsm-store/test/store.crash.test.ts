import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@ashlar/codec'
import { Store } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'
import { CRASH_OPTIONS, checkBatches } from './crash-history.ts'

const CYCLES = Number(process.env['ASHLAR_CRASH_CYCLES'] ?? 20)
const SEED = Number(process.env['ASHLAR_CRASH_SEED'] ?? 1)

/** Lets a child write and kills it after so many acknowledgements. Returns the last of them. */
async function writeAndDie(path: string, sync: string, acknowledgements: number): Promise<number> {
  const child = fork(new URL('./crash-child.ts', import.meta.url), [path, sync], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.split('\n').length > acknowledgements) child.kill('SIGKILL')
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`)
  const lines = output.split('\n').slice(0, -1)
  return Math.max(...lines.map(Number))
}

it('kill -9 at any moment costs no acknowledged batch and halves none', async () => {
  const path = mkdtempSync(join(tmpdir(), 'lsm-crash-'))
  const random = seededRandom(SEED)
  try {
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const sync = ['always', 'interval', 'none'][cycle % 3] as string
      const acknowledged = await writeAndDie(path, sync, 1 + Math.floor(random.next() * 150))
      await using store = await Store.open(path, CRASH_OPTIONS)
      const last = await checkBatches(store)
      expect(last, `seed ${SEED}, cycle ${cycle}`).toBeGreaterThanOrEqual(acknowledged)
    }
  } finally {
    rmSync(path, { recursive: true })
  }
}, 600_000)
