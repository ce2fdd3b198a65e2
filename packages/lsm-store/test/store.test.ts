import { isStoreError, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

describe('a store', () => {
  it('shows a write as soon as the call returns', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    const done = store.put('a', '1')
    expect(text(store.getSync('a'))).toBe('1')
    await done
    const gone = store.delete('a')
    expect(store.hasSync('a')).toBe(false)
    await gone
  })

  it('has what was written after it is opened again', async () => {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('/s', { fileSystem })
    await store.put('a', '1')
    expect(await store.write(store.batch().put('b', '2').delete('a'))).toBe(3)
    await store.close()
    await using again = await Store.open('/s', { fileSystem })
    expect(again.lastSequence).toBe(3)
    expect(again.getSync('a')).toBeUndefined()
    expect(text(again.getSync('b'))).toBe('2')
  })

  it('can be open once at a time', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem })
    await expect(Store.open('/s', { fileSystem })).rejects.toSatisfy((error) =>
      isStoreError(error, 'STORE_LOCKED'),
    )
    expect(store.state).toBe('open')
  })
})
