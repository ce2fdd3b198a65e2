import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '@ashlar/lsm-store'
import { type HandlerMap, Scheduler } from '@ashlar/scheduler-core'

/** About 40 bytes when stored. */
export const PAYLOAD = { user: 'user-0001', text: 'remind me at ten' }
/** A value as long as such a task is in the store. */
export const RECORD: Uint8Array = new Uint8Array(70).fill(7)

/** A scheduler and a bare store, each in a folder of its own, both acknowledging after write(2). */
export interface Pair {
  readonly scheduler: Scheduler<HandlerMap>
  readonly store: Store
  close(): Promise<void>
}

export async function openPair(): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-bench-'))
  const noop = { run: async (): Promise<void> => {} }
  const scheduler = await Scheduler.open<HandlerMap>({
    path: join(folder, 'ours'),
    handlers: { noop },
    concurrency: 50,
  })
  const store = await Store.open(join(folder, 'bare'), { memtableBytes: 8 * 1024 * 1024 })
  return {
    scheduler,
    store,
    async close() {
      await scheduler.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
