import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LsmRecords } from '../../src/embedded/lsm-records.ts'
import { StoreWriter } from '../../src/embedded/store-writer.ts'
import type { LogRecord, LogRecords } from '../../src/log/log-records.ts'
import { MemoryRecords } from '../../src/memory/memory-records.ts'
import { NO_HEADERS } from '../../src/message/headers.ts'

type Step =
  | {
      readonly kind: 'add'
      readonly subject: string
      readonly count: number
      /** Removed again before the batch is written. */
      readonly undone: number
    }
  | { readonly kind: 'removeFirst' | 'removeOfSubject' | 'removeAnywhere'; readonly count: number }
  | { readonly kind: 'look'; readonly at: number }
  | { readonly kind: 'turn' }
  | { readonly kind: 'reopen' }

const subject = fc.constantFrom('a', 'b', 'a.b', 'ab')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      subject,
      count: fc.constantFrom(1, 2, 300, 1_100),
      undone: fc.constantFrom(0, 0, 1, 2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'removeFirst' as const,
        'removeOfSubject' as const,
        'removeAnywhere' as const,
      ),
      count: fc.constantFrom(1, 3, 400),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('look' as const), at: fc.nat() }) },
  fc.record({ kind: fc.constantFrom('turn' as const, 'reopen' as const) }),
)

function record(sequence: number, name: string): LogRecord {
  const payload = Uint8Array.of(sequence, sequence >> 8)
  const headers = sequence % 2 ? NO_HEADERS : Object.freeze({ n: String(sequence) })
  const bytes = payload.length + name.length + (sequence % 2 ? 0 : 1 + String(sequence).length)
  return { sequence, subject: name, payload, headers, timestampMs: sequence, bytes }
}

/** How records are kept, as the catalog of a store says it. */
interface Keeping {
  readonly maxPerSubject: number
  readonly blocks: boolean
}

const keeping = fc.constantFrom<Keeping>(
  { maxPerSubject: 1, blocks: false },
  { maxPerSubject: 3, blocks: false },
  { maxPerSubject: 1_000, blocks: false },
  { maxPerSubject: Infinity, blocks: false },
  { maxPerSubject: Infinity, blocks: true },
  { maxPerSubject: Infinity, blocks: true },
)

function shape(found: LogRecord | undefined): unknown {
  if (found === undefined) return undefined
  const { sequence, payload, headers, bytes, timestampMs } = found
  return [sequence, found.subject, [...payload], { ...headers }, bytes, timestampMs]
}

function compare(ours: LogRecords, model: LogRecords, at: number): void {
  expect([ours.lastSequence, ours.messages, ours.bytes]).toEqual([
    model.lastSequence,
    model.messages,
    model.bytes,
  ])
  const sequence = at % (model.lastSequence + 2)
  expect(shape(ours.get(sequence))).toEqual(shape(model.get(sequence)))
  expect(shape(ours.ceiling(sequence))).toEqual(shape(model.ceiling(sequence)))
  expect(shape(ours.ceiling(0))).toEqual(shape(model.ceiling(0)))
  for (const name of ['a', 'b', 'a.b', 'ab', 'never']) {
    expect(shape(ours.lastOf(name))).toEqual(shape(model.lastOf(name)))
  }
  expect([...ours.subjects()].toSorted()).toEqual([...model.subjects()].toSorted())
}

function compareSubjects(ours: LogRecords, model: LogRecords): void {
  for (const name of ['a', 'b', 'a.b', 'ab']) {
    expect(ours.sequencesOf(name)).toEqual(model.sequencesOf(name))
    expect(ours.countOf(name)).toBe(model.countOf(name))
    expect(shape(ours.firstOf(name))).toEqual(shape(model.firstOf(name)))
  }
}

/** The same changes on both kinds of records, within the bound per subject. */
class Pair {
  readonly fileSystem = memoryFileSystem()
  readonly model = new MemoryRecords()
  readonly keeping: Keeping
  store: Store
  writer: StoreWriter
  ours: LsmRecords

  private constructor(store: Store, kept: Keeping, fileSystem = memoryFileSystem()) {
    this.fileSystem = fileSystem
    this.keeping = kept
    this.store = store
    this.writer = new StoreWriter(store)
    this.ours = new LsmRecords(this.writer, { scope: 7, ...kept })
  }

  static async create(kept: Keeping): Promise<Pair> {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('db', { fileSystem, memtableBytes: 64 * 1024 })
    return new Pair(store, kept, fileSystem)
  }

  add(name: string): void {
    const excess = this.model.firstOf(name)
    if (this.model.countOf(name) >= this.keeping.maxPerSubject && excess)
      this.remove(excess.sequence)
    const added = record(this.model.lastSequence + 1, name)
    this.model.add(added)
    this.ours.add(added)
  }

  remove(sequence: number): void {
    expect(shape(this.ours.remove(sequence))).toEqual(shape(this.model.remove(sequence)))
  }

  async reopen(): Promise<void> {
    this.writer.flush()
    await this.writer.commit()
    await this.store.close()
    const { fileSystem } = this
    this.store = await Store.open('db', { fileSystem, memtableBytes: 64 * 1024 })
    this.writer = new StoreWriter(this.store)
    this.ours = new LsmRecords(this.writer, { scope: 7, ...this.keeping })
  }

  async apply(one: Step): Promise<void> {
    if (one.kind === 'add') {
      for (let n = 0; n < one.count; n += 1) this.add(one.subject)
      for (let n = 0; n < one.undone; n += 1) this.#removeBefore(this.model.lastSequence - n)
    } else if (one.kind === 'look') compare(this.ours, this.model, one.at)
    else if (one.kind === 'turn') await this.writer.commit()
    else if (one.kind === 'reopen') await this.reopen()
    else {
      for (let n = 0; n < one.count; n += 1) {
        const victim = this.#victim(one.kind, n)
        if (victim) this.remove(victim.sequence)
      }
    }
  }

  /** Removes the last record before this one, the newest of its subject being kept. */
  #removeBefore(sequence: number): void {
    const found = this.model.get(sequence - 1)
    if (found && this.model.lastOf(found.subject) !== found) this.remove(found.sequence)
  }

  #victim(
    kind: 'removeFirst' | 'removeOfSubject' | 'removeAnywhere',
    n: number,
  ): LogRecord | undefined {
    if (kind === 'removeFirst') return this.model.ceiling(0)
    if (kind === 'removeOfSubject') return this.model.firstOf('a')
    const { lastSequence } = this.model
    const found = this.model.ceiling((n * 7919) % (lastSequence + 1))
    // The newest of a subject goes last: whoever purges removes in the order of the sequences.
    if (found === undefined || this.model.countOf(found.subject) === 1) return found
    return this.model.lastOf(found.subject) === found ? undefined : found
  }
}

test('records in a store are those of memory, through windows, batches and reopening', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), keeping, async (steps, kept) => {
      const pair = await Pair.create(kept)
      for (const one of steps) await pair.apply(one)
      for (const at of [0, 1, 17, 255, 256, 999]) compare(pair.ours, pair.model, at)
      compareSubjects(pair.ours, pair.model)
      await pair.reopen()
      compare(pair.ours, pair.model, 5)
      compareSubjects(pair.ours, pair.model)
      await pair.store.close()
    }),
    { numRuns: 25 },
  )
})
