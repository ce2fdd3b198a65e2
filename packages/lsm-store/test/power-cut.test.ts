import { memoryFileSystem, Store, type StoreOptions } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'
import { type Action, APART, countBatches, play, randomActions, TINY } from './batches.ts'

/** Histories for each mode; each is cut at every call to the file system. */
const HISTORIES = Number(process.env['ASHLAR_POWER_CUTS'] ?? 1)
const ACTIONS = 16

/** Runs the actions, cuts the power at call `index`, and opens what is left. */
async function cutAt(
  index: number,
  seed: number | undefined,
  actions: readonly Action[],
  options: StoreOptions,
): Promise<void> {
  const disk = memoryFileSystem(seed === undefined ? {} : { seed })
  let dead = false
  const doomed = faultyFileSystem(disk, (call) => {
    if (call.index === index) {
      disk.powerCut()
      dead = true
    }
    return dead ? 'EIO' : undefined
  })
  const { account, store } = await play(doomed, actions, options)
  await store?.close().catch(() => {})
  if (!dead) disk.powerCut()
  const { clock } = account
  const reopened = await Store.open('/s', { ...options, fileSystem: disk, clock })
  const count = await countBatches(reopened, account, account.durable)
  // The history can go on where it ended, and what it writes now is found again.
  const after = { do: 'put', space: 0, key: 'after', value: 'the cut' } as const
  account.batches.splice(count, account.batches.length, { operations: [after], at: account.now })
  await reopened.put('after', 'the cut', { sync: 'always' })
  disk.powerCut()
  await reopened.close().catch(() => {})
  await using again = await Store.open('/s', { ...options, fileSystem: disk, clock })
  await countBatches(again, account, count + 1)
}

async function callsOf(actions: readonly Action[], options: StoreOptions): Promise<number> {
  const counting = faultyFileSystem(memoryFileSystem(), () => undefined)
  const { store, error } = await play(counting, actions, options)
  expect(error).toBeUndefined()
  await store?.close()
  return counting.calls
}

describe('a power cut', () => {
  const cases = [
    { sync: 'always', first: 1, sizes: TINY, what: 'values in tables' },
    { sync: 'interval', first: 2, sizes: TINY, what: 'values in tables' },
    { sync: 'none', first: 4, sizes: TINY, what: 'values in tables' },
    { sync: 'always', first: 6, sizes: APART, what: 'values apart' },
  ] as const
  for (const { sync, first, sizes, what } of cases) {
    const name = `at any call loses no durable write, with sync: ${sync} and ${what}`
    it(name, { timeout: 60_000 }, async () => {
      for (let seed = first; seed < first + HISTORIES; seed++) {
        const options = { ...sizes, sync }
        const actions = randomActions(seed * 31, ACTIONS)
        const calls = await callsOf(actions, options)
        for (let index = 0; index <= calls; index++) {
          // Odd seeds drop all that was not synced, even ones a random part of it.
          const tearing = seed % 2 === 0 ? seed * 1000 + index : undefined
          await cutAt(index, tearing, actions, options).catch((error: Error) => {
            throw new Error(`seed ${seed}, call ${index}: ${error.message}`, { cause: error })
          })
        }
      }
    })
  }

  it('at any call loses no value that is being moved', { timeout: 60_000 }, async () => {
    const options = { ...APART, sync: 'always' } as const
    // Each round leaves a part of what the one before wrote.
    const actions = [5, 3].flatMap((count, round): Action[] => [
      {
        do: 'write',
        operations: Array.from({ length: count }, (_, i) => {
          return { do: 'put', space: 0, key: `key-${i}`, value: `${round}${i}`.repeat(60) }
        }),
        always: true,
        via: 'batch',
      },
      { do: 'flush' },
      { do: 'compact' },
    ])
    const { store } = await play(memoryFileSystem(), actions, options)
    expect(store?.metrics().compactedValueBytes).toBeGreaterThan(200)
    await store?.close()
    const calls = await callsOf(actions, options)
    for (let index = 0; index <= calls; index++) {
      const tearing = index % 2 === 0 ? index : undefined
      await cutAt(index, tearing, actions, options).catch((error: Error) => {
        throw new Error(`call ${index}: ${error.message}`, { cause: error })
      })
    }
  })

  it('at any call loses nothing when writes wait for each other', { timeout: 60_000 }, async () => {
    // Slow enough for logs to be made ahead of time.
    const options = { ...TINY, memtableBytes: 2048, sync: 'always' } as const
    const actions = Array.from({ length: 36 }, (_, i): Action[] => [
      {
        do: 'write',
        operations: [{ do: 'put', space: 0, key: `key-${i}`, value: 'v'.repeat(100) }],
        always: true,
        via: 'batch',
      },
      { do: 'tick' },
    ]).flat()
    const calls = await callsOf(actions, options)
    for (let index = 0; index <= calls; index++) {
      await cutAt(index, undefined, actions, options).catch((error: Error) => {
        throw new Error(`call ${index}: ${error.message}`, { cause: error })
      })
    }
  })
})
