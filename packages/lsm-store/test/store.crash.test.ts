import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@ashlar/codec'
import { Store } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'
import { CRASH_OPTIONS, CrashModel, STORES } from './crash-history.ts'

/** Stores that are lost and opened again, in all. */
const CYCLES = Number(process.env['ASHLAR_CRASH_CYCLES'] ?? 200)
const SEED = Number(process.env['ASHLAR_CRASH_SEED'] ?? 1)
/** The child compacts in a thread. Here it would only take time, and end with the process. */
const OPTIONS = {
  ...CRASH_OPTIONS,
  tables: { ...CRASH_OPTIONS.tables, compaction: 'inline' },
} as const
/** What is to be checked grows with the history: after so many kills it begins anew. */
const KILLS_PER_HISTORY = 40
const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url))

/** The last batch of each store that was acknowledged; -1 for none. */
type Acknowledged = number[]

/** A child that writes. */
function startChild(path: string): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, CHILD, path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Lets a child write and kills it after so many acknowledgements. */
async function writeAndDie(path: string, acknowledgements: number): Promise<Acknowledged> {
  const child = startChild(path)
  const last: Acknowledged = Array.from({ length: STORES }, () => -1)
  let seen = 0
  let rest = ''
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() as string
    for (const line of lines) {
      const [store, number] = line.split(' ').map(Number) as [number, number]
      last[store] = Math.max(last[store] as number, number)
      seen += 1
    }
    if (seen >= acknowledgements) child.kill('SIGKILL')
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`)
  return last
}

it('kill -9 at any moment costs no acknowledged batch and halves none', async () => {
  const root = mkdtempSync(join(tmpdir(), 'lsm-crash-'))
  const random = seededRandom(SEED)
  let path = ''
  let models: CrashModel[] = []
  try {
    for (let kill = 0; kill * STORES < CYCLES; kill++) {
      if (kill % KILLS_PER_HISTORY === 0) {
        if (path !== '') rmSync(path, { recursive: true })
        path = join(root, String(kill))
        models = Array.from({ length: STORES }, () => new CrashModel())
      }
      const acknowledgements = 1 + Math.floor(random.next() ** 2 * 800)
      const last = await writeAndDie(path, acknowledgements)
      for (const [i, model] of models.entries()) {
        await using store = await Store.open(join(path, String(i)), OPTIONS)
        const where = `seed ${SEED}, kill ${kill}, store ${i}`
        const count = await model.check(store).catch((error: Error) => {
          throw new Error(`${where}: ${error.message}`, { cause: error })
        })
        expect(count, where).toBeGreaterThan(last[i] as number)
      }
    }
    expect(models.some(({ forgotten }) => forgotten > 0)).toBe(true)
  } finally {
    rmSync(root, { recursive: true })
  }
}, 3_600_000)
