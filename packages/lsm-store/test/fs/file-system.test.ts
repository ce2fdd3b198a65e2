import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileSystem, memoryFileSystem, nodeFileSystem, Store } from '@ashlar/lsm-store'
import { faultyFileSystem, fileSystemChecks } from '@ashlar/lsm-store/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'lsm-fs-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const FILE_SYSTEMS: Readonly<Record<string, () => FileSystem>> = {
  nodeFileSystem,
  memoryFileSystem,
  faultyFileSystem: () => faultyFileSystem(memoryFileSystem(), () => undefined),
}

for (const [kind, make] of Object.entries(FILE_SYSTEMS)) {
  describe(kind, () => {
    for (const [i, { name, run }] of fileSystemChecks.entries()) {
      it(name, () => run(make(), join(root, `${kind}-${i}`)))
    }
  })
}

describe('the lock', () => {
  it('names the other process that has the store open, and goes with it', async () => {
    const path = join(root, 'locked')
    const child = fork(new URL('../lock-child.ts', import.meta.url), [path])
    await once(child, 'message')
    const error = await Store.open(path).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_LOCKED', path })
    expect((error as Error).message).toContain(`pid ${child.pid}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await Store.open(path)).close()
  })
})

describe('memoryFileSystem', () => {
  it('keeps through a power cut what was synced, and nothing else', async () => {
    const disk = memoryFileSystem()
    disk.makeDirectory('/d')
    const write = (name: string, sync: boolean): void => {
      const file = disk.open(`/d/${name}`, 'create')
      file.write(Uint8Array.of(1, 2, 3), 0, 3, 0)
      if (sync) file.syncNow()
    }
    write('kept', true)
    write('empty', false)
    disk.syncDirectoryNow('/d')
    write('unnamed', true)
    disk.rename('/d/kept', '/d/renamed')
    const handle = disk.open('/d/empty', 'write')
    disk.powerCut()
    expect(disk.paths()).toEqual(['/d/empty', '/d/kept'])
    expect([...disk.readFile('/d/kept')]).toEqual([1, 2, 3])
    expect(disk.readFile('/d/empty')).toHaveLength(0)
    expect(() => handle.size()).toThrow('EIO')
  })

  it('tears unsynced data by its seed, always in the same way', () => {
    const tear = (seed: number): string => {
      const disk = memoryFileSystem({ seed })
      disk.makeDirectory('/d')
      for (const name of ['a', 'b', 'c', 'd']) {
        const file = disk.open(`/d/${name}`, 'create')
        file.write(new Uint8Array(4096).fill(7), 0, 4096, 0)
      }
      disk.powerCut()
      return disk
        .paths()
        .map((path) => `${path} ${disk.readFile(path).join('')}`)
        .join()
    }
    expect(tear(1)).toBe(tear(1))
    expect(new Set([1, 2, 3, 4, 5].map(tear)).size).toBe(5)
  })
})
