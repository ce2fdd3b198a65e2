import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isStoreError, Store } from '@ashlar/lsm-store'
import { expect, it } from 'vitest'
import { CRASH_OPTIONS, CrashModel, STORES } from './crash-history.ts'

const ROUNDS = Number(process.env['ASHLAR_READERS'] ?? 6)
const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url))

it('reads stores that another process writes, flushes and compacts, each as it was at one moment', async () => {
  const path = mkdtempSync(join(tmpdir(), 'lsm-read-only-'))
  const child = spawn(process.execPath, [...process.execArgv, CHILD, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    // It has begun to write to all of them when it has said as much.
    for (let seen = 0; seen < 200; ) {
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
      seen += chunk.toString().split('\n').length
    }
    child.stdout.resume()
    const models = Array.from({ length: STORES }, () => new CrashModel())
    const counts = models.map(() => 0)
    // until the writer has got somewhere
    for (let round = 0; round < ROUNDS || Math.max(...counts) <= 20; round++) {
      for (const [i, model] of models.entries()) {
        const directory = join(path, String(i))
        await using store = await Store.open(directory, { ...CRASH_OPTIONS, readOnly: true })
        const count = await model.check(store)
        expect(count).toBeGreaterThanOrEqual(counts[i] as number)
        counts[i] = count
      }
    }
    const locked = await Store.open(join(path, '0')).catch((error: unknown) => error)
    expect(isStoreError(locked, 'STORE_LOCKED')).toBe(true)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
    rmSync(path, { recursive: true })
  }
})
