import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Runs a process with its clock at `startMs`, and kills it after some timestamps. */
function stampsUntilKilled(file: string, startMs: number, count: number): Promise<bigint[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./clock-child.ts', import.meta.url), [file, String(startMs)])
    const stamps: bigint[] = []
    child.on('message', (time) => {
      if (stamps.push(BigInt(String(time))) === count) child.kill('SIGKILL')
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(stamps)
      else reject(new Error(`the child ended by itself with ${code}`))
    })
  })
}

test('timestamps go on increasing after kills, with clocks that are set back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-hlc-'))
  try {
    const file = join(folder, 'ceiling')
    const all: bigint[] = []
    for (const startMs of [1_700_000_000_000, 1_600_000_000_000, 1_700_000_010_000, 0]) {
      all.push(...(await stampsUntilKilled(file, startMs, 50)))
    }
    expect(all.length).toBeGreaterThanOrEqual(200)
    for (let i = 1; i < all.length; i++) expect(all[i]).toBeGreaterThan(all[i - 1] ?? 0n)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
