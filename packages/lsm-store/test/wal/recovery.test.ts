// What each recovery mode takes and refuses, of a log that was damaged on purpose.
import {
  type MemoryFileSystem,
  memoryFileSystem,
  type RecoveryMode,
  type RepairReport,
  Store,
} from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const MODES: readonly RecoveryMode[] = ['strict', 'tolerateTornTail', 'pointInTime', 'salvage']

/** Ten writes, a frame each, none synced but those that `synced` says; then the process dies. */
async function written(synced: readonly number[]): Promise<MemoryFileSystem> {
  const fileSystem = memoryFileSystem()
  const store = await Store.open('/s', { fileSystem, sync: 'none' })
  for (let i = 0; i < 10; i++) {
    await store.put(`key${i}`, `value${i}`, synced.includes(i) ? { sync: 'always' } : {})
  }
  // As it stands, without the mark of a close.
  const left = memoryFileSystem()
  left.makeDirectory('/s')
  for (const path of fileSystem.paths()) left.writeFile(path, fileSystem.readFile(path))
  await store.close()
  return left
}

const logOf = (fileSystem: MemoryFileSystem): string =>
  fileSystem.paths().find((path) => path.endsWith('.log')) as string

function cutTail(fileSystem: MemoryFileSystem, bytes: number): void {
  const path = logOf(fileSystem)
  const log = fileSystem.readFile(path)
  fileSystem.writeFile(path, log.subarray(0, log.length - bytes))
}

function damage(fileSystem: MemoryFileSystem, text: string): void {
  const path = logOf(fileSystem)
  const log = fileSystem.readFile(path)
  const at = Buffer.from(log).indexOf(text)
  log[at] = (log[at] as number) ^ 1
  fileSystem.writeFile(path, log)
}

/** How many of the ten writes are there, or the code of the refusal. */
async function outcome(
  fileSystem: MemoryFileSystem,
  recovery: RecoveryMode,
): Promise<number | string> {
  try {
    await using store = await Store.open('/s', { fileSystem, recovery })
    let count = 0
    for await (const _ of store.scan()) count += 1
    return count
  } catch (error) {
    return (error as { code: string }).code
  }
}

async function outcomes(make: () => Promise<MemoryFileSystem>): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const mode of MODES) found[mode] = await outcome(await make(), mode)
  return found
}

describe('recovery', () => {
  it('of a whole log is the same in every mode', async () => {
    expect(await outcomes(() => written([]))).toEqual({
      strict: 10,
      tolerateTornTail: 10,
      pointInTime: 10,
      salvage: 10,
    })
  })

  it('of a torn tail ends before it, but for strict', async () => {
    const make = async (): Promise<MemoryFileSystem> => {
      const fileSystem = await written([])
      cutTail(fileSystem, 3)
      return fileSystem
    }
    expect(await outcomes(make)).toEqual({
      strict: 'STORE_CORRUPT',
      tolerateTornTail: 9,
      pointInTime: 9,
      salvage: 9,
    })
  })

  it('of a hole that was never durable ends there, in the lenient modes', async () => {
    const make = async (): Promise<MemoryFileSystem> => {
      const fileSystem = await written([])
      damage(fileSystem, 'value5')
      return fileSystem
    }
    const found = await outcomes(make)
    expect(found).toMatchObject({ strict: 'STORE_CORRUPT', pointInTime: 5, salvage: 5 })
  })

  it('of a hole in what was durable is refused, or saves what stands behind it', async () => {
    const make = async (): Promise<MemoryFileSystem> => {
      const fileSystem = await written([5, 7])
      damage(fileSystem, 'value4')
      return fileSystem
    }
    expect(await outcomes(make)).toEqual({
      strict: 'STORE_CORRUPT',
      tolerateTornTail: 'STORE_CORRUPT',
      pointInTime: 'STORE_CORRUPT',
      salvage: 9,
    })
  })

  it('tells what a repair gave up', async () => {
    const fileSystem = await written([5, 7])
    damage(fileSystem, 'value4')
    const reports: RepairReport[] = []
    const events = { onRepair: (report: RepairReport) => void reports.push(report) }
    await using store = await Store.open('/s', { fileSystem, recovery: 'salvage', events })
    expect(reports).toMatchObject([{ sound: false, rescuedOperations: 9 }])
    expect(reports[0]?.setAside).toEqual([`${logOf(fileSystem)}`].map(() => expect.any(String)))
    expect(store.hasSync('key4')).toBe(false)
    expect(store.lastSequence).toBe(10)
    await store.put('key4', 'again')
    expect(store.lastSequence).toBe(11)
  })

  it('must be a known mode', async () => {
    const options = { fileSystem: memoryFileSystem(), recovery: 'hope' as RecoveryMode }
    await expect(Store.open('/s', options)).rejects.toThrow(/^recovery must be one of/)
  })
})
