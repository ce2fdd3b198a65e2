import { isStoreError, memoryFileSystem, Store, type StoreOptions } from '@ashlar/lsm-store'
import { type Fault, type FileSystemCall, faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'
import { APART, countBatches, play, randomActions, TINY } from './batches.ts'

const HISTORIES = Number(process.env['ASHLAR_FAULTS'] ?? 1)
const ACTIONS = 16
const CODES = new Set(['STORE_IO', 'STORE_FULL', 'STORE_POISONED', 'STORE_CLOSED'])

/** What a full disk still does. */
const needsNoSpace = ({ name, mode }: FileSystemCall): boolean =>
  ['read', 'size', 'list', 'remove', 'lock'].includes(name) ||
  (name === 'open' && mode !== 'create')

/** Runs a history in which call `index` fails, and checks what the store makes of it. */
async function failAt(
  index: number,
  seed: number,
  fault: Fault,
  once: boolean,
  sizes: StoreOptions,
): Promise<boolean> {
  const disk = memoryFileSystem()
  const faulty = faultyFileSystem(disk, (call) => {
    const hit = once ? call.index === index : call.index >= index && !needsNoSpace(call)
    return hit ? fault : undefined
  })
  const actions = randomActions(seed * 17, ACTIONS)
  const { account, error, store, spaces } = await play(faulty, actions, {
    ...sizes,
    sync: 'always',
  })
  if (error !== undefined && !(isStoreError(error) && CODES.has(error.code))) throw error
  if (store !== undefined) {
    // What was acknowledged can still be read; a read may meet the fault itself.
    await countBatches(store, account, account.written, spaces).catch((failure: unknown) => {
      if (!isStoreError(failure, 'STORE_IO')) throw failure
    })
    if (store.state === 'poisoned') {
      await expect(store.put('more', 'x')).rejects.toMatchObject({ code: 'STORE_POISONED' })
    }
    await store.close().catch((failure: unknown) => {
      if (!isStoreError(failure)) throw failure
    })
  }
  const { clock } = account
  await using reopened = await Store.open('/s', { ...sizes, fileSystem: disk, clock })
  await countBatches(reopened, account, account.written)
  return error === undefined
}

describe('a faulty disk', () => {
  const cases: readonly (readonly [string, Fault, boolean, StoreOptions])[] = [
    ['one EIO', 'EIO', true, TINY],
    ['a disk that stays full', 'ENOSPC', false, TINY],
    ['one short read or write', 'short', true, TINY],
    ['one EIO, with values apart', 'EIO', true, APART],
    ['a disk that stays full, with values apart', 'ENOSPC', false, APART],
  ]
  for (const [name, fault, once, sizes] of cases) {
    it(`at any call costs no acknowledged write: ${name}`, { timeout: 60_000 }, async () => {
      for (let seed = 1; seed <= HISTORIES; seed++) {
        const counting = faultyFileSystem(memoryFileSystem(), () => undefined)
        const { store } = await play(counting, randomActions(seed * 17, ACTIONS), sizes)
        await store?.close()
        for (let index = 0; index < counting.calls; index++) {
          const fine = await failAt(index, seed, fault, once, sizes).catch((error: Error) => {
            throw new Error(`seed ${seed}, call ${index}: ${error.message}`, { cause: error })
          })
          if (fault === 'short') expect(fine).toBe(true)
        }
      }
    })
  }
})
