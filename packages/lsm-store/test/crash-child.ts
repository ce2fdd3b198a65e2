// Writes batches to some stores until it is killed, and tells each one that was acknowledged.
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { Store, type SyncMode } from '@ashlar/lsm-store'
import {
  APART_OPTIONS,
  batchesIn,
  CRASH_OPTIONS,
  isIngest,
  openSpaces,
  STORES,
  writeBatch,
} from './crash-history.ts'

// it never comes to its end, where Node would keep what it compiled for those that come after it
flushCompileCache()

const [path = ''] = process.argv.slice(2)
const PAUSE = new Int32Array(new SharedArrayBuffer(4))
const SYNC_MODES: readonly SyncMode[] = ['always', 'interval', 'none']

/** Says it at once, however slowly the other end listens: it may be the last thing that is said. */
function tell(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EAGAIN') throw error
      // The pipe is full, and nothing of a line this short was written.
      Atomics.wait(PAUSE, 0, 0, 1)
    }
  }
}

async function run(index: number): Promise<void> {
  const sync = SYNC_MODES[index % SYNC_MODES.length] as SyncMode
  const options = index % 2 === 0 ? CRASH_OPTIONS : APART_OPTIONS
  const store = await Store.open(join(path, String(index)), { ...options, sync })
  const spaces = await openSpaces(store)
  let next = batchesIn(store)
  let ingesting: Promise<unknown> | undefined
  const lane = async (): Promise<never> => {
    for (;;) {
      while (ingesting !== undefined) await ingesting
      const number = next++
      const written = writeBatch(store, spaces, number)
      if (isIngest(number)) {
        ingesting = written.finally(() => {
          ingesting = undefined
        })
      }
      await written
      tell(`${index} ${number}\n`)
      if (number % 97 === 0) await store.flush()
      if (number % 301 === 0) await store.compact()
    }
  }
  await Promise.all(Array.from({ length: 4 }, lane))
}

await Promise.all(Array.from({ length: STORES }, (_, index) => run(index)))
