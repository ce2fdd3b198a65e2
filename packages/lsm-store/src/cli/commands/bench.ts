import { nodeFileSystem } from '../../fs/node-file-system.ts'
import { destroyFiles } from '../../operations/store-files.ts'
import { Store } from '../../store/store.ts'
import { type Call, type CliCommand, DONE, numberOption, printLine } from '../command.ts'
import { ProgressBar } from '../progress-bar.ts'

const IN_FLIGHT = 64
const BATCH = 1000
const SCAN_AFTER_SEEK = 50

/** A workload: does `count` operations from the first on. */
type Workload = (store: Store, keys: readonly string[], value: Uint8Array) => Promise<number>

const WORKLOADS: readonly (readonly [name: string, run: Workload])[] = [
  ['write batches of 1000, random keys', writeBatches],
  ['put, 64 in flight', putInFlight],
  ['get random', getRandom],
  ['get missing', getMissing],
  ['seek and 50 entries', seekAndScan],
  ['scan forward', (store) => scanAll(store, false)],
  ['scan backward', (store) => scanAll(store, true)],
]

export const bench: CliCommand = {
  name: 'bench',
  summary: 'Measures this machine with a new store in a directory, which is removed afterwards',
  parameters: ['dir'],
  options: {
    entries: { value: 'number', help: 'how many entries (100000)' },
    'value-bytes': { value: 'number', help: 'size of a value (100)' },
    keep: { help: 'leave the store there' },
  },
  async run(call) {
    const entries = numberOption(call, 'entries', 1, 100_000)
    const value = new Uint8Array(numberOption(call, 'value-bytes', 0, 100)).fill(120)
    const dir = call.parameters['dir'] as string
    const store = await Store.open(dir, { errorIfExists: true })
    try {
      await measureAll(call, store, shuffledKeys(entries), value)
    } finally {
      await store.close()
    }
    if (call.options['keep'] !== true) destroyFiles(nodeFileSystem(), dir)
    return DONE
  },
}

async function measureAll(
  call: Call,
  store: Store,
  keys: readonly string[],
  value: Uint8Array,
): Promise<void> {
  const bar = new ProgressBar(call)
  for (const [i, [name, run]] of WORKLOADS.entries()) {
    bar.show({ doneBytes: i, totalBytes: WORKLOADS.length, path: name })
    const since = performance.now()
    const operations = await run(store, keys, value)
    const perSecond = Math.round((operations * 1000) / (performance.now() - since))
    bar.clear()
    const row = { row: name, operations, perSecond }
    const text = `${name.padEnd(36)} ${perSecond.toLocaleString('en-US').padStart(12)} /s`
    await printLine(call.streams, call.json ? JSON.stringify(row) : text)
  }
}

/** Keys of 16 digits in an order that is the same each time, and not theirs. */
function shuffledKeys(count: number): string[] {
  const keys = Array.from({ length: count }, (_, i) => String(i).padStart(16, '0'))
  let state = 1
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const j = state % (i + 1)
    const key = keys[i] as string
    keys[i] = keys[j] as string
    keys[j] = key
  }
  return keys
}

async function writeBatches(
  store: Store,
  keys: readonly string[],
  value: Uint8Array,
): Promise<number> {
  for (let from = 0; from < keys.length; from += BATCH) {
    const batch = store.batch()
    for (const key of keys.slice(from, from + BATCH)) batch.put(key, value)
    await store.write(batch)
  }
  await store.flush()
  return keys.length
}

async function putInFlight(
  store: Store,
  keys: readonly string[],
  value: Uint8Array,
): Promise<number> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < keys.length) await store.put(keys[next++] as string, value)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  return keys.length
}

async function getRandom(store: Store, keys: readonly string[]): Promise<number> {
  for (const key of keys) await store.get(key)
  return keys.length
}

async function getMissing(store: Store, keys: readonly string[]): Promise<number> {
  for (const key of keys) await store.get(`${key}?`)
  return keys.length
}

async function seekAndScan(store: Store, keys: readonly string[]): Promise<number> {
  const seeks = Math.ceil(keys.length / SCAN_AFTER_SEEK)
  const iterator = store.iterator()
  try {
    for (let i = 0; i < seeks; i++) {
      iterator.seek(keys[i] as string)
      await iterator.nextMany(SCAN_AFTER_SEEK)
    }
  } finally {
    iterator.close()
  }
  return seeks
}

async function scanAll(store: Store, reverse: boolean): Promise<number> {
  let entries = 0
  for await (const _ of store.scan({ reverse })) entries += 1
  return entries
}
