import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contest, Row } from '@ashlar/bench-kit'
import { Store, type SyncMode } from '@ashlar/lsm-store'
import { embedded } from '@ashlar/transport'
import { pumped } from './rates.ts'

const payload = new Uint8Array(100).fill(7)
/** Shorter rounds would measure the compiler: a thousand lanes start and end in each. */
const MIN_ROUND_MS = 600

function appending(sync: SyncMode, inFlight: number): Row['open'] {
  return async (options): Promise<Contest> => {
    const roundMs = Math.max(options.roundMs, MIN_ROUND_MS)
    const root = mkdtempSync(join(tmpdir(), 'ashlar-bench-'))
    const transport = await embedded({ path: join(root, 'ours'), sync })
    const log = await transport.log('bench', { subjects: ['bench.>'] })
    const store = await Store.open(join(root, 'theirs'), { sync })
    let key = 0
    return {
      ours: () => pumped(roundMs, inFlight, () => log.append('bench.a', payload)),
      theirs: () =>
        pumped(roundMs, inFlight, () => {
          key += 1
          return store.put(String(key).padStart(12, '0'), payload)
        }),
      async close() {
        await transport.close()
        await store.close()
        rmSync(root, { recursive: true })
      },
    }
  }
}

function row(sync: SyncMode, inFlight: number, must: number, aim: number): Row {
  return {
    name: `embedded: append, sync ${sync}, ${inFlight} in flight`,
    unit: 'op/s',
    peer: 'bare lsm-store put',
    must,
    aim,
    notes: 'the put has no sequence, no subject and nobody who consumes it',
    open: appending(sync, inFlight),
  }
}

export const embeddedRows: readonly Row[] = [
  row('interval', 1_000, 0.45, 0.7),
  row('always', 64, 0.3, 0.6),
]
