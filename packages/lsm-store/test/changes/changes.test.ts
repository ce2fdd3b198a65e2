import { type Change, memoryFileSystem, Store, type StoreOptions } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** A change as text. */
function show({ sequence, operations }: Change): string {
  const parts = operations.map((operation) => {
    if (operation.type === 'put') return `${text(operation.key)}=${text(operation.value)}`
    if (operation.type === 'delete') return `-${text(operation.key)}`
    throw new Error(`unexpected ${operation.type}`)
  })
  return `${sequence}: ${parts.join(' ')}`
}

async function replay(
  store: Store,
  options: Parameters<Store['changes']>[0] = {},
): Promise<string[]> {
  const shown: string[] = []
  for await (const change of store.changes(options)) shown.push(show(change))
  return shown
}

async function example(options: StoreOptions = {}): Promise<{ store: Store; fileSystem: object }> {
  const fileSystem = memoryFileSystem()
  const store = await Store.open('/s', { fileSystem, ...options })
  await store.put('a', '1')
  await store.write(store.batch().put('b', '2').delete('a'))
  await store.put('ab', '3')
  return { store, fileSystem }
}

describe('changes', () => {
  // found by simulation: lsm-store, seed 798
  it('fail with a coded error that names the log when it cannot be opened or read', async () => {
    let broken: string | undefined
    const fileSystem = faultyFileSystem(memoryFileSystem(), ({ name, path, mode }) =>
      path.endsWith('.log') && name === broken && (name !== 'open' || mode === 'read')
        ? 'EIO'
        : undefined,
    )
    const { store } = await example({ fileSystem })
    await store.flush()
    for (const call of ['open', 'read']) {
      broken = call
      const failure = {
        name: 'StoreError',
        code: 'STORE_IO',
        path: expect.stringMatching(/\.log$/),
      }
      await expect(replay(store)).rejects.toMatchObject(failure)
    }
    broken = undefined
    expect(await replay(store)).toEqual(['1: a=1', '3: b=2 -a', '4: ab=3'])
    await store.close()
  })

  // found by simulation: lsm-store, seed 5
  it('keep what was flushed before a power cut, whatever the sync mode', async () => {
    for (const sync of ['interval', 'none'] as const) {
      const fileSystem = memoryFileSystem()
      const { store } = await example({ fileSystem, sync })
      await store.flush()
      fileSystem.powerCut()
      await store.close().catch(() => {}) // its disk is gone
      const reopened = await Store.open('/s', { fileSystem, sync })
      expect(reopened.lastSequence).toBe(4)
      expect(await replay(reopened)).toEqual(['1: a=1', '3: b=2 -a', '4: ab=3'])
    }
  })

  // found by simulation: lsm-store, seed 7
  it('begin behind a gap where a removed log has come back with a power cut', async () => {
    const fileSystem = memoryFileSystem()
    const { store } = await example({ fileSystem, changeRetentionBytes: 0 })
    const path = fileSystem.paths().find((name) => name.endsWith('.log')) as string
    await store.sync()
    const removed = fileSystem.readFile(path)
    await store.flush()
    await store.put('c', '4')
    await store.flush()
    await store.put('d', '5')
    await store.close()
    fileSystem.writeFile(path, removed)
    await using again = await Store.open('/s', { fileSystem })
    await expect(replay(again)).rejects.toMatchObject({ code: 'CHANGES_TRUNCATED' })
    expect(again.oldestChange).toBe(5)
    expect(await replay(again, { since: 5 })).toEqual(['6: d=5'])
  })

  it('are the batches in order, each whole, under its last sequence', async () => {
    const { store } = await example()
    expect(await replay(store)).toEqual(['1: a=1', '3: b=2 -a', '4: ab=3'])
    expect(await replay(store, { since: 1 })).toEqual(['3: b=2 -a', '4: ab=3'])
    expect(await replay(store, { since: 2 })).toEqual(['3: b=2 -a', '4: ab=3'])
    expect(await replay(store, { since: 4 })).toEqual([])
    await store.close()
  })

  it('keep to a prefix', async () => {
    const { store } = await example()
    expect(await replay(store, { prefix: 'a' })).toEqual(['1: a=1', '3: -a', '4: ab=3'])
    expect(await replay(store, { prefix: 'b' })).toEqual(['3: b=2'])
    await store.close()
  })

  it('go on from one log to the next, through flushes and reopening', async () => {
    const { store, fileSystem } = await example()
    await store.flush()
    await store.put('c', '4')
    await store.compact()
    await store.close()
    await using again = await Store.open('/s', { fileSystem: fileSystem as never })
    await again.put('d', '5')
    const all = ['1: a=1', '3: b=2 -a', '4: ab=3', '5: c=4', '6: d=5']
    expect(await replay(again)).toEqual(all)
    expect(await replay(again, { since: 4 })).toEqual(all.slice(3))
    expect(again.oldestChange).toBe(0)
  })

  it('are not shown before they are in the log', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    const pending = store.put('a', '1')
    const reader = store.changes()
    const first = reader.next()
    await pending
    // The reader looked in the same turn as the write, before the write was in the file.
    expect((await first).done).toBe(true)
    expect(await replay(store)).toEqual(['1: a=1'])
  })

  it('come as they are written when the feed is live, until it is left or the store closed', async () => {
    const { store } = await example()
    const live = store.changes({ since: 3, live: true })
    expect(show((await live.next()).value as Change)).toBe('4: ab=3')
    const next = live.next()
    await store.put('c', '4')
    expect(show((await next).value as Change)).toBe('5: c=4')
    const left = store.changes({ live: true })
    for await (const change of left) {
      expect(change.sequence).toBe(1)
      break
    }
    const last = live.next()
    await store.close()
    expect((await last).done).toBe(true)
  })

  it('end with the reason of the signal', async () => {
    const { store } = await example()
    const controller = new AbortController()
    const waiting = store.changes({ since: 4, live: true, signal: controller.signal }).next()
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await store.close()
  })

  it('fail when the log no longer reaches back, or has never reached so far', async () => {
    const { store } = await example({ changeRetentionBytes: 0 })
    await store.flush()
    await store.put('c', '4')
    expect(store.oldestChange).toBe(4)
    await expect(replay(store, { since: 3 })).rejects.toMatchObject({ code: 'CHANGES_TRUNCATED' })
    await expect(replay(store, { since: 9 })).rejects.toMatchObject({ code: 'CHANGES_TRUNCATED' })
    expect(await replay(store, { since: store.oldestChange })).toEqual(['5: c=4'])
    await store.close()
  })

  it('that a slow reader is in the middle of are still there for it', async () => {
    const { store } = await example({ changeRetentionBytes: 0 })
    const reader = store.changes()
    expect(show((await reader.next()).value as Change)).toBe('1: a=1')
    await store.flush()
    expect(show((await reader.next()).value as Change)).toBe('3: b=2 -a')
    expect(show((await reader.next()).value as Change)).toBe('4: ab=3')
    expect((await reader.next()).done).toBe(true)
    await store.close()
  })

  it('are read from logs with frames of any size', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    const sizes = [10, 70_000, 5, 200_000, 65_000, 0]
    for (const size of sizes) await store.put('k', 'v'.repeat(size))
    const found: number[] = []
    for await (const { operations } of store.changes()) {
      const [operation] = operations
      if (operation?.type === 'put') found.push(operation.value.length)
    }
    expect(found).toEqual(sizes)
  })
})
