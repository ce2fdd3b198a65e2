// verify() finds every damaged byte, and nothing in a sound store.
import { memoryFileSystem, type Progress, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const SIZES = {
  memtableBytes: 4096,
  tables: {
    levelZeroTables: 2,
    blockBytes: 256,
    tableBytes: 4096,
    compression: 'none' as const,
    partitionBytes: 16,
  },
}
const stride = Number(process.env['ASHLAR_FLIP_STRIDE'] ?? 41)

async function filled(): Promise<{
  store: Store
  fileSystem: ReturnType<typeof memoryFileSystem>
}> {
  const fileSystem = memoryFileSystem()
  const store = await Store.open('/s', { fileSystem, ...SIZES })
  for (let i = 0; i < 150; i++) await store.put(`key${i}`, `value${i}`.repeat(8))
  for (let i = 0; i < 150; i += 3) await store.delete(`key${i}`)
  await store.compact()
  for (let i = 0; i < 30; i++) await store.put(`key${i}`, 'again')
  await store.sync()
  return { store, fileSystem }
}

describe('verify()', () => {
  it('counts what it read of a sound store, also while it is written to', async () => {
    const { store } = await filled()
    const seen: Progress[] = []
    const report = await store.verify({ onProgress: (progress) => seen.push(progress) })
    expect(report).toMatchObject({ ok: true, problems: [], logs: 1, entries: 100 })
    expect(report.tables).toBeGreaterThan(0)
    expect(report.blocks).toBeGreaterThanOrEqual(report.tables)
    expect(seen.at(-1)?.doneBytes).toBe(report.bytes)
    const verified = store.verify()
    for (let i = 0; i < 500; i++) await store.put(`key${i}`, 'more'.repeat(20))
    await store.compact()
    expect(await verified).toMatchObject({ ok: true })
    await store.close()
  })

  it('names file and place of any byte that changed', async () => {
    const { store, fileSystem } = await filled()
    const { bytes } = await store.verify()
    const files = fileSystem.paths().filter((path) => /table$|MANIFEST|log$/.test(path))
    const logs = files.filter((path) => path.endsWith('.log'))
    let flips = 0
    for (const path of files) {
      // Older logs are for changes() alone.
      if (path.endsWith('.log') && path !== logs.at(-1)) continue
      const sound = fileSystem.readFile(path)
      for (let at = 0; at < sound.length; at += stride) {
        const damaged = sound.slice()
        damaged[at] = (damaged[at] as number) ^ 0x10
        fileSystem.writeFile(path, damaged)
        const { ok, problems } = await store.verify()
        flips += 1
        expect({ ok, path: problems[0]?.path, code: problems[0]?.code }, `${path} ${at}`).toEqual({
          ok: false,
          path,
          code: 'STORE_CORRUPT',
        })
      }
      fileSystem.writeFile(path, sound)
    }
    expect(flips).toBeGreaterThan(100)
    expect(await store.verify()).toMatchObject({ ok: true, bytes })
    await store.close()
  })

  it('finds files that are gone', async () => {
    const { store, fileSystem } = await filled()
    const table = fileSystem.paths().find((path) => path.endsWith('.table')) as string
    fileSystem.removeNow(table)
    const { problems } = await store.verify()
    expect(problems).toMatchObject([{ path: table, code: 'STORE_IO' }])
    await store.close()
  })

  it('can be called off', async () => {
    const { store } = await filled()
    const abort = new AbortController()
    const onProgress = (): void => abort.abort(new Error('enough'))
    await expect(store.verify({ onProgress, signal: abort.signal })).rejects.toThrow('enough')
    await store.close()
  })
})
