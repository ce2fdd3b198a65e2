import { systemClock } from '@ashlar/codec'
import {
  type Batch,
  type ChangeOperation,
  type CompactionPolicy,
  isStoreError,
  type Keyspace,
  type KeyspaceOptions,
  type Operation,
  type Snapshot,
  Store,
  type StoreIterator,
  type StoreOptions,
  type Transaction,
  type WriteCondition,
} from '@ashlar/lsm-store'
import fc from 'fast-check'

/** One step of a random history. Indexes are taken modulo what there is. */
export type Step =
  | { readonly do: 'write'; readonly operations: readonly Op[]; readonly via: number }
  | { readonly do: 'get'; readonly key: string; readonly view: number; readonly space: number }
  | { readonly do: 'range'; readonly range: Range; readonly view: number; readonly space: number }
  | { readonly do: 'snapshot' }
  | { readonly do: 'closeSnapshot'; readonly view: number }
  | { readonly do: 'openIterator'; readonly range: Range; readonly space: number }
  | {
      readonly do: 'step'
      readonly iterator: number
      readonly count: number
      readonly seek: string
    }
  | { readonly do: 'changes'; readonly since: number }
  | { readonly do: 'flush' }
  | { readonly do: 'compact'; readonly gte: string | undefined; readonly lt: string | undefined }
  | { readonly do: 'reopen' }
  | { readonly do: 'drop'; readonly space: number }
  | {
      readonly do: 'condition'
      readonly op: Op
      readonly expects: 'absent' | 'version' | 'other version'
    }
  | {
      readonly do: 'transaction'
      readonly reads: readonly Place[]
      readonly operations: readonly Op[]
      /** Another writes meanwhile: this key, one that was not read, or none. */
      readonly rival: number | undefined
    }
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'ingest'
      readonly space: number
      readonly keys: readonly string[]
      readonly value: string
    }

/** A key of one of the {@link SPACES}. */
export interface Place {
  readonly space: number
  readonly key: string
}

/** One operation on one of the {@link SPACES}. */
export type Op = { readonly space: number } & (
  | { readonly do: 'put'; readonly key: string; readonly value: string; readonly ttlMs?: number }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'merge'; readonly key: string; readonly value: string }
  | { readonly do: 'range'; readonly gte: string | undefined; readonly lt: string | undefined }
)

/** What the change feed tells of an ingest. */
interface Ingested {
  readonly do: 'ingest'
  readonly space: number
  readonly gte: string
  readonly lte: string
  readonly entries: number
}

/** Keyspaces of a history: the default one, another, and one that merges. */
const SPACES = ['default', 'other', 'log'] as const
const MERGES = 2

export interface Range {
  readonly gt?: string
  readonly gte?: string
  readonly lt?: string
  readonly lte?: string
  readonly prefix?: string
  readonly reverse: boolean
  readonly limit: number | undefined
  readonly keysOnly: boolean
}

const key = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', '\u00ff'), minLength: 1, maxLength: 4 }),
  fc.integer({ min: 0, max: 60 }).map((n) => `user:profile:${String(n).padStart(6, '0')}`),
)
const value = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 6000 }).map((n) => 'v'.repeat(n)) },
)
const bound = fc.option(key, { nil: undefined, freq: 1 })
const space = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.constant(MERGES) },
)
const ttlMs = fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined, freq: 6 })
const operation: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ space, key, value, ttlMs }).map((op): Op => {
      const { ttlMs: ttl, ...put } = op
      if (op.space === MERGES) return { do: op.value.length % 4 > 0 ? 'merge' : 'put', ...put }
      return { do: 'put', ...put, ...(ttl === undefined ? {} : { ttlMs: ttl }) }
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), space, key }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('range' as const), space, gte: bound, lt: bound }),
  },
)
const range = fc
  .record({
    gt: bound,
    gte: bound,
    lt: bound,
    lte: bound,
    prefix: fc.option(fc.constantFrom('a', 'user', 'user:profile:00001', '\u00ff'), {
      nil: undefined,
      freq: 4,
    }),
    reverse: fc.boolean(),
    limit: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
    keysOnly: fc.boolean(),
  })
  .map(
    (fields) =>
      Object.fromEntries(
        Object.entries(fields).filter(([, v]) => v !== undefined),
      ) as unknown as Range,
  )
const index = fc.nat({ max: 1000 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      operations: fc.array(operation, { minLength: 1, maxLength: 12 }),
      via: index,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), key, view: index, space }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('range' as const), range, view: index, space }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('closeSnapshot' as const), view: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('openIterator' as const), range, space }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      iterator: index,
      count: fc.integer({ min: 0, max: 25 }),
      seek: key,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('changes' as const), since: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('compact' as const), gte: bound, lt: bound }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('drop' as const),
      space: fc.integer({ min: 1, max: SPACES.length - 1 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('condition' as const),
      op: operation.filter((op) => op.do === 'put' || op.do === 'delete'),
      expects: fc.constantFrom('absent' as const, 'version' as const, 'other version' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('transaction' as const),
      reads: fc.array(fc.record({ space, key }), { maxLength: 3 }),
      operations: fc.array(operation, { minLength: 1, maxLength: 6 }),
      rival: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('ingest' as const),
      space,
      keys: fc.array(key, { maxLength: 30 }),
      value,
    }),
  },
)

export const history: fc.Arbitrary<readonly Step[]> = fc.array(step, {
  minLength: 10,
  maxLength: 120,
  size: 'max',
})

type Model = ReadonlyMap<string, string>
/** What a space holds, and until when. */
type Held = ReadonlyMap<string, HeldEntry>
interface HeldEntry {
  readonly value: string
  readonly expiresAt: number
  /** Sequence of the operation that wrote it last. */
  readonly version: number
}
/** All spaces as they are seen at a time. */
interface View {
  readonly spaces: Held[]
  readonly now: number
}

/** What can be seen of a space. */
function modelOf({ spaces, now }: View, index: number): Model {
  const alive = [...(spaces[index] as Held)].filter(([, { expiresAt }]) => expiresAt > now)
  return new Map(alive.map(([k, { value: v }]) => [k, v]))
}

type Entry = readonly [key: string, value: string]

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const text = (raw: Uint8Array): string => Buffer.from(raw).toString('latin1')

/** What a range shows of a model, computed the slow and obvious way. */
export function modelRange(model: Model, range: Range): Entry[] {
  const entries = [...model]
    .filter(([k]) => range.gt === undefined || k > range.gt)
    .filter(([k]) => range.gte === undefined || k >= range.gte)
    .filter(([k]) => range.lt === undefined || k < range.lt)
    .filter(([k]) => range.lte === undefined || k <= range.lte)
    .filter(([k]) => range.prefix === undefined || k.startsWith(range.prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]): Entry => [k, range.keysOnly ? '' : v])
  if (range.reverse) entries.reverse()
  return entries.slice(0, range.limit)
}

function toOptions(range: Range): object {
  const encoded = Object.entries(range).map(([field, v]) => [
    field,
    typeof v === 'string' ? bytes(v) : v,
  ])
  return Object.fromEntries(encoded)
}

interface OpenIterator {
  readonly iterator: StoreIterator
  readonly all: Entry[]
  readonly range: Range
  rest: Entry[]
  left: number
}

/** Replays a history on a store and on a model, and compares what both answer. */
export class HistoryRun {
  readonly #open: () => Promise<Store>
  #now = 1_000_000
  #store: Store | undefined
  #keyspaces: Keyspace[] = []
  #spaces: Map<string, HeldEntry>[] = SPACES.map(() => new Map())
  #snapshots: { readonly snapshot: Snapshot; readonly view: View }[] = []
  #iterators: OpenIterator[] = []
  #batches: { readonly sequence: number; readonly operations: readonly (Op | Ingested)[] }[] = []
  #sequence = 0
  #openings = 0

  constructor(path: string, options: StoreOptions) {
    // Time stands still but for steps that let it pass; delays are real.
    const clock = { ...systemClock, now: () => this.#now }
    this.#open = () => Store.open(path, { ...options, clock })
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.#openAll()
    try {
      for (const [i, step] of steps.entries()) {
        try {
          await this.#step(this.#store as Store, step)
        } catch (error) {
          throw new Error(`step ${i} (${step.do}): ${(error as Error).message}`, { cause: error })
        }
      }
      await this.#reopen()
      for (const i of SPACES.keys()) await this.#compare(i, ALL, undefined, this.#view())
      same((await this.#store?.verify())?.problems.map(String), [])
    } finally {
      await this.#store?.close()
    }
  }

  async #openAll(): Promise<void> {
    const store = await this.#open()
    this.#store = store
    this.#keyspaces = [store]
    for (let i = 1; i < SPACES.length; i++) await this.#openSpace(store, i)
  }

  async #openSpace(store: Store, i: number): Promise<void> {
    const options: KeyspaceOptions = i === MERGES ? { merge: 'append' } : { policy: this.#policy() }
    this.#keyspaces[i] = await store.keyspace(SPACES[i] as string, options)
  }

  /** Another one from opening to opening. */
  #policy(): CompactionPolicy {
    this.#openings += 1
    return this.#openings % 3 === 0 ? { kind: 'leveled' } : { kind: 'size-tiered', runs: 2 }
  }

  async #step(store: Store, step: Step): Promise<void> {
    if (step.do === 'write') await this.#write(store, step.operations, step.via)
    else if (step.do === 'get') this.#get(step.space, step.key, step.view)
    else if (step.do === 'range') await this.#range(step.space, step.range, step.view)
    else if (step.do === 'snapshot') {
      const view = { spaces: this.#spaces.map((held) => new Map(held)), now: this.#now }
      this.#snapshots.push({ snapshot: store.snapshot(), view })
    } else if (step.do === 'closeSnapshot') {
      const [gone] = this.#snapshots.splice(step.view % (this.#snapshots.length + 1), 1)
      gone?.snapshot.close()
    } else if (step.do === 'openIterator') this.#openIterator(step.space, step.range)
    else if (step.do === 'step') this.#stepIterator(step)
    else if (step.do === 'changes') await this.#changes(store, step.since)
    else if (step.do === 'flush') await store.flush()
    else if (step.do === 'compact') await this.#compact(store, step)
    else if (step.do === 'drop') await this.#drop(store, step.space)
    else if (step.do === 'wait') this.#now += step.ms
    else if (step.do === 'condition') await this.#condition(step)
    else if (step.do === 'transaction') await this.#transaction(store, step)
    else if (step.do === 'ingest') await this.#ingest(step)
    else await this.#reopen()
  }

  async #write(store: Store, operations: readonly Op[], via: number): Promise<void> {
    const first = operations[0] as Op
    const keyspace = (op: Op): Keyspace => this.#keyspaces[op.space] as Keyspace
    if (operations.length === 1) await writeOne(keyspace(first), first)
    else if (via % 2 === 0) {
      const batch = store.batch()
      for (const op of operations) addTo(batch, op, keyspace(op))
      await store.write(batch)
    } else await store.write(operations.map((op) => toOperation(op, keyspace(op))))
    this.#wrote(operations)
    same(store.lastSequence, this.#sequence)
  }

  async #ingest({ space: i, keys, value: v }: Extract<Step, { do: 'ingest' }>): Promise<void> {
    const sorted = [...new Set(keys)].sort()
    const keyspace = this.#keyspaces[i] as Keyspace
    const entries = sorted.map((k) => [bytes(k), bytes(v)] as const)
    const info = await keyspace.ingest(entries)
    const [first, last] = [sorted[0], sorted.at(-1)]
    same(
      [info.entries, info.sequence],
      [sorted.length, first === undefined ? 0 : this.#sequence + 1],
    )
    if (first === undefined || last === undefined) return
    this.#sequence += 1
    const held = this.#spaces[i] as Map<string, HeldEntry>
    const expiresAt = Number.POSITIVE_INFINITY
    for (const k of sorted) held.set(k, { value: v, expiresAt, version: this.#sequence })
    const ingested = {
      do: 'ingest',
      space: i,
      gte: first,
      lte: last,
      entries: sorted.length,
    } as const
    this.#batches.push({ sequence: this.#sequence, operations: [ingested] })
  }

  /** What is there now. */
  #alive({ space, key: k }: Place): HeldEntry | undefined {
    const held = this.#spaces[space]?.get(k)
    return held !== undefined && held.expiresAt > this.#now ? held : undefined
  }

  async #condition({ op, expects }: Extract<Step, { do: 'condition' }>): Promise<void> {
    if (op.do !== 'put' && op.do !== 'delete') return
    const absent = expects === 'absent' && op.do === 'put'
    const keyspace = this.#keyspaces[op.space] as Keyspace
    const version = this.#alive(op)?.version
    same(keyspace.entry(bytes(op.key))?.version, version)
    const wanted = expects === 'version' ? (version ?? this.#sequence) : this.#sequence + 1
    const condition: WriteCondition = absent ? { ifAbsent: true } : { ifVersion: wanted }
    const applied = absent ? version === undefined : version === wanted
    const outcome =
      op.do === 'put'
        ? keyspace.putIf(bytes(op.key), bytes(op.value), condition, ttlOf(op))
        : keyspace.deleteIf(bytes(op.key), { ifVersion: wanted })
    same([outcome.applied, outcome.version], [applied, applied ? this.#sequence + 1 : version])
    await outcome.done
    if (applied) this.#wrote([op])
  }

  async #transaction(store: Store, step: Extract<Step, { do: 'transaction' }>): Promise<void> {
    const { reads, operations, rival } = step
    const target = ({ space: i }: { space: number }): { keyspace: Keyspace } => ({
      keyspace: this.#keyspaces[i] as Keyspace,
    })
    using transaction = store.begin()
    const check = (place: Place): void => {
      const found = transaction.get(bytes(place.key), target(place))
      same(found === undefined ? undefined : text(found), this.#alive(place)?.value)
    }
    for (const place of reads) check(place)
    const before = this.#spaces
    this.#spaces = before.map((held) => new Map(held))
    for (const op of operations) {
      addTo(transaction, op, target(op).keyspace)
      this.#apply(op, 0)
    }
    // It sees its own writes; these reads may be watched, but nobody writes to them from here on.
    const written = operations.flatMap((op) => (op.do === 'range' ? [] : [op]))
    if (rival === undefined) for (const op of written) check(op)
    this.#spaces = before
    const read = rival === undefined ? undefined : reads[rival]
    if (rival !== undefined) {
      const op: Op = { do: 'put', space: 0, key: 'rival', value: 'x', ...read }
      await writeOne(target(op).keyspace, op)
      this.#wrote([op])
    }
    const failure = await transaction.commit().catch((error: unknown) => error)
    const writes = operations.some((op) => !isEmpty(op))
    const conflict = writes && read !== undefined
    same(isStoreError(failure, 'TRANSACTION_CONFLICT'), conflict)
    if (!conflict) this.#wrote(operations)
    same(store.lastSequence, this.#sequence)
  }

  #apply(op: Op, version: number): void {
    const held = this.#spaces[op.space] as Map<string, HeldEntry>
    if (op.do === 'range') {
      const all: Model = new Map([...held.keys()].map((k) => [k, k]))
      for (const [k] of modelRange(all, { ...ALL, ...rangeFields(op) })) held.delete(k)
    } else if (op.do === 'delete') held.delete(op.key)
    else if (op.do === 'merge') {
      const before = held.get(op.key)?.value ?? ''
      const expiresAt = Number.POSITIVE_INFINITY
      held.set(op.key, { value: before + op.value, expiresAt, version })
    } else {
      const expiresAt = op.ttlMs === undefined ? Number.POSITIVE_INFINITY : this.#now + op.ttlMs
      held.set(op.key, { value: op.value, expiresAt, version })
    }
  }

  /** Takes note of a batch that was applied. */
  #wrote(all: readonly Op[]): void {
    const operations = all.filter((op) => !isEmpty(op))
    if (operations.length === 0) return
    for (const [i, op] of operations.entries()) this.#apply(op, this.#sequence + i + 1)
    this.#sequence += operations.length
    this.#batches.push({
      sequence: this.#sequence,
      operations: operations.map((op) => this.#logged(op)),
    })
  }

  /** As the change feed shows it: no lower bound is the empty key, and a time to live an end. */
  #logged(op: Op): Op {
    if (op.do === 'range') return { ...op, gte: op.gte ?? '' }
    return op.do === 'put' && op.ttlMs !== undefined ? { ...op, ttlMs: this.#now + op.ttlMs } : op
  }

  async #drop(store: Store, i: number): Promise<void> {
    await (this.#keyspaces[i] as Keyspace).drop()
    await expectDropped(this.#keyspaces[i] as Keyspace)
    await this.#openSpace(store, i)
    this.#spaces[i] = new Map()
    // The new one has nothing of the old one, whenever one looks at it.
    for (const { view } of this.#snapshots) view.spaces[i] = new Map()
    this.#wrote([{ do: 'range', space: i, gte: undefined, lt: undefined }])
  }

  #view(): View {
    return { spaces: this.#spaces, now: this.#now }
  }

  #at(view: number): { readonly snapshot?: Snapshot; readonly view: View } {
    return this.#snapshots[view % (this.#snapshots.length + 1)] ?? { view: this.#view() }
  }

  #get(i: number, k: string, at: number): void {
    const { snapshot, view } = this.#at(at)
    const keyspace = this.#keyspaces[i] as Keyspace
    const options = snapshot === undefined ? {} : { snapshot }
    const expected = modelOf(view, i).get(k)
    const found = keyspace.getSync(bytes(k), options)
    same(found === undefined ? undefined : text(found), expected)
    same(keyspace.hasSync(bytes(k), options), expected !== undefined)
    const entry = keyspace.entry(bytes(k), options)
    same(entry === undefined ? undefined : text(entry.value), expected)
    const { expiresAt, version } = view.spaces[i]?.get(k) ?? {}
    if (entry !== undefined) {
      same(entry.expiresAt ?? Number.POSITIVE_INFINITY, expiresAt)
      same(entry.version, version)
    }
  }

  async #range(i: number, range: Range, at: number): Promise<void> {
    const { snapshot, view } = this.#at(at)
    await this.#compare(i, range, snapshot, view)
  }

  async #compare(
    i: number,
    range: Range,
    snapshot: Snapshot | undefined,
    view: View,
  ): Promise<void> {
    const options = { ...toOptions(range), ...(snapshot === undefined ? {} : { snapshot }) }
    const found: Entry[] = []
    for await (const [k, v] of (this.#keyspaces[i] as Keyspace).scan(options)) {
      found.push([text(k), text(v)])
    }
    const expected = modelRange(modelOf(view, i), range)
    same(found, expected)
    using iterator = (this.#keyspaces[i] as Keyspace).iterator(options)
    const together = await iterator.nextMany(expected.length + 1)
    same(
      together.map(([k, v]) => [text(k), text(v)]),
      expected,
    )
  }

  #openIterator(i: number, range: Range): void {
    const all = modelRange(modelOf(this.#view(), i), { ...range, limit: undefined })
    const left = range.limit ?? Number.POSITIVE_INFINITY
    const iterator = (this.#keyspaces[i] as Keyspace).iterator(toOptions(range))
    this.#iterators.push({ iterator, all, range, rest: all, left })
  }

  #stepIterator({ iterator, count, seek }: Extract<Step, { do: 'step' }>): void {
    const open = this.#iterators[iterator % (this.#iterators.length + 1)]
    if (open === undefined) return
    if (count % 3 === 0) {
      open.iterator.seek(bytes(seek))
      open.rest = open.all.filter(([k]) => (open.range.reverse ? k <= seek : k >= seek))
    }
    if (count % 3 === 1) {
      const expected = open.rest.slice(0, Math.min(count, open.left))
      const found = open.iterator.nextManySync(count)
      same(
        found.map(([k, v]) => [text(k), text(v)]),
        expected,
      )
      open.rest = open.rest.slice(expected.length)
      open.left -= expected.length
      return
    }
    for (let i = 0; i < count; i++) {
      const found = open.iterator.nextSync()
      const expected = open.left > 0 ? open.rest[0] : undefined
      same(found === undefined ? undefined : [text(found[0]), text(found[1])], expected)
      if (expected === undefined) continue
      open.rest = open.rest.slice(1)
      open.left -= 1
    }
  }

  async #changes(store: Store, since: number): Promise<void> {
    const from = since % (this.#sequence + 1)
    const expected = this.#batches.filter(({ sequence }) => sequence > from)
    const found: { sequence: number; operations: (Op | Ingested)[] }[] = []
    try {
      for await (const change of store.changes({ since: from, keyspaces: true })) {
        found.push({ sequence: change.sequence, operations: change.operations.map(fromChange) })
      }
    } catch (error) {
      if (!isStoreError(error, 'CHANGES_TRUNCATED')) throw error
      same(from < store.oldestChange, true)
      return
    }
    same(found.map(canonical), expected.map(canonical))
  }

  async #compact(store: Store, { gte, lt }: Extract<Step, { do: 'compact' }>): Promise<void> {
    await store.compact({
      ...(gte === undefined ? {} : { gte: bytes(gte) }),
      ...(lt === undefined ? {} : { lt: bytes(lt) }),
    })
  }

  async #reopen(): Promise<void> {
    await this.#store?.close()
    this.#snapshots = []
    this.#iterators = []
    await this.#openAll()
    same(this.#store?.lastSequence, this.#sequence)
  }
}

async function expectDropped(keyspace: Keyspace): Promise<void> {
  const failure = await keyspace.put('x', 'y').catch((error: unknown) => error)
  same(isStoreError(failure, 'KEYSPACE_DROPPED'), true)
}

async function writeOne(keyspace: Keyspace, op: Op): Promise<void> {
  if (op.do === 'range') await keyspace.deleteRange(rangeOf(op))
  else if (op.do === 'delete') await keyspace.delete(bytes(op.key))
  else if (op.do === 'merge') await keyspace.merge(bytes(op.key), bytes(op.value))
  else await keyspace.put(bytes(op.key), bytes(op.value), ttlOf(op))
}

function addTo(batch: Batch | Transaction, op: Op, keyspace: Keyspace): void {
  const target = { keyspace }
  if (op.do === 'range') batch.deleteRange(rangeOf(op), target)
  else if (op.do === 'delete') batch.delete(bytes(op.key), target)
  else if (op.do === 'merge') batch.merge(bytes(op.key), bytes(op.value), target)
  else batch.put(bytes(op.key), bytes(op.value), { ...target, ...ttlOf(op) })
}

function toOperation(op: Op, keyspace: Keyspace): Operation {
  if (op.do === 'range') return { type: 'deleteRange', ...rangeOf(op), keyspace }
  if (op.do === 'delete') return { type: 'delete', key: bytes(op.key), keyspace }
  const entry = { key: bytes(op.key), value: bytes(op.value), keyspace }
  return op.do === 'merge' ? { type: 'merge', ...entry } : { type: 'put', ...entry, ...ttlOf(op) }
}

function ttlOf(op: Extract<Op, { do: 'put' }>): { readonly ttlMs?: number } {
  return op.ttlMs === undefined ? {} : { ttlMs: op.ttlMs }
}

function rangeFields({ gte, lt }: Extract<Op, { do: 'range' }>): { gte?: string; lt?: string } {
  return { ...(gte === undefined ? {} : { gte }), ...(lt === undefined ? {} : { lt }) }
}

function rangeOf(op: Extract<Op, { do: 'range' }>): { gte?: Uint8Array; lt?: Uint8Array } {
  return {
    ...(op.gte === undefined ? {} : { gte: bytes(op.gte) }),
    ...(op.lt === undefined ? {} : { lt: bytes(op.lt) }),
  }
}

/** True for what needs no record: no key can be in the range. */
function isEmpty(op: Op): boolean {
  return op.do === 'range' && op.lt !== undefined && (op.gte ?? '') >= op.lt
}

function fromChange(op: ChangeOperation): Op | Ingested {
  const space = op.keyspace === undefined ? 0 : SPACES.indexOf(op.keyspace as never)
  if (op.type === 'ingest') {
    return { do: 'ingest', space, gte: text(op.gte), lte: text(op.lte), entries: op.entries }
  }
  if (op.type === 'deleteRange') {
    const lt = op.lt === undefined ? undefined : text(op.lt)
    return { do: 'range', space, gte: text(op.gte), lt }
  }
  const k = text(op.key)
  if (op.type === 'delete') return { do: 'delete', space, key: k }
  const entry = { space, key: k, value: text(op.value) }
  if (op.type === 'merge') return { do: 'merge', ...entry }
  return { do: 'put', ...entry, ...(op.expiresAt === undefined ? {} : { ttlMs: op.expiresAt }) }
}

/** Fields in one order, for comparing as text. */
function canonical({
  sequence,
  operations,
}: {
  sequence: number
  operations: readonly (Op | Ingested)[]
}): unknown {
  return [sequence, operations.map((op) => Object.entries(op).sort())]
}

const ALL: Range = { reverse: false, limit: undefined, keysOnly: false }

function same(found: unknown, expected: unknown): void {
  const a = JSON.stringify(found)
  const b = JSON.stringify(expected)
  if (a !== b) throw new Error(`found ${a?.slice(0, 400)}, expected ${b?.slice(0, 400)}`)
}
