import type { Operation, Store } from '@ashlar/lsm-store'

/** So small that a second of writes flushes and compacts many times. */
export const CRASH_OPTIONS = {
  memtableBytes: 16 * 1024,
  changeRetentionBytes: 64 * 1024,
  tables: {
    blockBytes: 512,
    tableBytes: 16 * 1024,
    levelBytes: 32 * 1024,
    levelZeroTables: 2,
    compression: ['none', 'lz4'],
  },
} as const

const SLOTS = 40

type KeyOperation = Extract<Operation, { readonly type: 'put' | 'delete' }>

/** Batch `number` sets or clears one slot, in three keys, and the counter. */
export function batchOf(number: number): Operation[] {
  return keyOperations(number).map((operation) =>
    operation.type === 'delete' && number % 10 === 0
      ? { type: 'deleteRange', gte: operation.key, lte: operation.key }
      : operation,
  )
}

function keyOperations(number: number): KeyOperation[] {
  const slot = number % SLOTS
  const keys = [`a-${slot}`, `m-${slot}`, `z-${slot}`]
  const value = `${number}:${'x'.repeat((number * 7) % 300)}`
  return [
    { type: 'put', key: 'counter', value: String(number) },
    ...keys.map(
      (key): KeyOperation =>
        number % 5 === 0 ? { type: 'delete', key } : { type: 'put', key, value },
    ),
  ]
}

/** What a store holds after batches 0 to `last`. */
function expectedAfter(last: number): Map<string, string> {
  const expected = new Map<string, string>()
  for (let number = Math.max(0, last - 2 * SLOTS); number <= last; number++) {
    for (const operation of keyOperations(number)) {
      if (operation.type === 'put') expected.set(String(operation.key), String(operation.value))
      else expected.delete(String(operation.key))
    }
  }
  return expected
}

/** Checks that the store holds batches 0 to n, whole, and nothing else; returns n. */
export async function checkBatches(store: Store): Promise<number> {
  const counter = store.getSync('counter')
  const last = counter === undefined ? -1 : Number(Buffer.from(counter).toString())
  const expected = expectedAfter(last)
  const found = new Map<string, string>()
  for await (const [key, value] of store.scan()) {
    found.set(Buffer.from(key).toString(), Buffer.from(value).toString())
  }
  if (found.size !== expected.size) throw new Error(`${found.size} of ${expected.size} entries`)
  for (const [key, value] of expected) {
    if (found.get(key) !== value) throw new Error(`${key} holds ${found.get(key)?.slice(0, 20)}`)
  }
  if (last >= 0 && store.lastSequence !== (last + 1) * 4) throw new Error('a batch is not whole')
  return last
}
