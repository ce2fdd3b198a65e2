import {
  isStoreError,
  type Snapshot,
  Store,
  type StoreIterator,
  type StoreOptions,
} from '@ashlar/lsm-store'
import fc from 'fast-check'

/** One step of a random history. Indexes are taken modulo what there is. */
export type Step =
  | { readonly do: 'write'; readonly operations: readonly Op[]; readonly via: number }
  | { readonly do: 'get'; readonly key: string; readonly view: number }
  | { readonly do: 'range'; readonly range: Range; readonly view: number }
  | { readonly do: 'snapshot' }
  | { readonly do: 'closeSnapshot'; readonly view: number }
  | { readonly do: 'openIterator'; readonly range: Range }
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

export interface Op {
  readonly key: string
  readonly value: string | undefined
}

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
const operation = fc.record({
  key,
  value: fc.option(value, { nil: undefined, freq: 3 }),
})
const bound = fc.option(key, { nil: undefined, freq: 1 })
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
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), key, view: index }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('range' as const), range, view: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('closeSnapshot' as const), view: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('openIterator' as const), range }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      iterator: index,
      count: fc.integer({ min: 0, max: 10 }),
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
)

export const history: fc.Arbitrary<readonly Step[]> = fc.array(step, {
  minLength: 10,
  maxLength: 120,
  size: 'max',
})

type Model = ReadonlyMap<string, string>
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
  #store: Store | undefined
  #model: Map<string, string> = new Map()
  #snapshots: { readonly snapshot: Snapshot; readonly model: Model }[] = []
  #iterators: OpenIterator[] = []
  #batches: { readonly sequence: number; readonly operations: readonly Op[] }[] = []
  #sequence = 0

  constructor(path: string, options: StoreOptions) {
    this.#open = () => Store.open(path, options)
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#store = await this.#open()
    try {
      for (const [i, step] of steps.entries()) {
        try {
          await this.#step(this.#store, step)
        } catch (error) {
          throw new Error(`step ${i} (${step.do}): ${(error as Error).message}`, { cause: error })
        }
      }
      await this.#reopen()
      same([...this.#model].length, modelRange(this.#model, ALL).length)
      await this.#compare(ALL, undefined, this.#model)
    } finally {
      await this.#store.close()
    }
  }

  async #step(store: Store, step: Step): Promise<void> {
    if (step.do === 'write') await this.#write(store, step.operations, step.via)
    else if (step.do === 'get') await this.#get(store, step.key, step.view)
    else if (step.do === 'range') await this.#range(step.range, step.view)
    else if (step.do === 'snapshot') {
      const model = new Map(this.#model)
      this.#snapshots.push({ snapshot: store.snapshot(), model })
    } else if (step.do === 'closeSnapshot') {
      const [gone] = this.#snapshots.splice(step.view % (this.#snapshots.length + 1), 1)
      gone?.snapshot.close()
    } else if (step.do === 'openIterator') this.#openIterator(store, step.range)
    else if (step.do === 'step') this.#stepIterator(step)
    else if (step.do === 'changes') await this.#changes(store, step.since)
    else if (step.do === 'flush') await store.flush()
    else if (step.do === 'compact') await this.#compact(store, step)
    else await this.#reopen()
  }

  async #write(store: Store, operations: readonly Op[], via: number): Promise<void> {
    const first = operations[0] as Op
    if (operations.length === 1 && first.value !== undefined) {
      await store.put(bytes(first.key), bytes(first.value))
    } else if (operations.length === 1) await store.delete(bytes(first.key))
    else if (via % 2 === 0) {
      const batch = store.batch()
      for (const { key: k, value: v } of operations) {
        if (v === undefined) batch.delete(bytes(k))
        else batch.put(bytes(k), bytes(v))
      }
      await store.write(batch)
    } else {
      await store.write(
        operations.map(({ key: k, value: v }) =>
          v === undefined
            ? { type: 'delete', key: bytes(k) }
            : { type: 'put', key: bytes(k), value: bytes(v) },
        ),
      )
    }
    for (const { key: k, value: v } of operations) {
      if (v === undefined) this.#model.delete(k)
      else this.#model.set(k, v)
    }
    this.#sequence += operations.length
    this.#batches.push({ sequence: this.#sequence, operations })
    same(store.lastSequence, this.#sequence)
  }

  #view(view: number): { readonly snapshot?: Snapshot; readonly model: Model } {
    return this.#snapshots[view % (this.#snapshots.length + 1)] ?? { model: this.#model }
  }

  async #get(store: Store, k: string, view: number): Promise<void> {
    const { snapshot, model } = this.#view(view)
    const options = snapshot === undefined ? {} : { snapshot }
    const expected = model.get(k)
    const found = store.getSync(bytes(k), options)
    same(found === undefined ? undefined : text(found), expected)
    same(store.hasSync(bytes(k), options), expected !== undefined)
  }

  async #range(range: Range, view: number): Promise<void> {
    const { snapshot, model } = this.#view(view)
    await this.#compare(range, snapshot, model)
  }

  async #compare(range: Range, snapshot: Snapshot | undefined, model: Model): Promise<void> {
    const options = { ...toOptions(range), ...(snapshot === undefined ? {} : { snapshot }) }
    const found: Entry[] = []
    for await (const [k, v] of (this.#store as Store).scan(options)) found.push([text(k), text(v)])
    same(found, modelRange(model, range))
  }

  #openIterator(store: Store, range: Range): void {
    const all = modelRange(this.#model, { ...range, limit: undefined })
    const left = range.limit ?? Number.POSITIVE_INFINITY
    this.#iterators.push({
      iterator: store.iterator(toOptions(range)),
      all,
      range,
      rest: all,
      left,
    })
  }

  #stepIterator({ iterator, count, seek }: Extract<Step, { do: 'step' }>): void {
    const open = this.#iterators[iterator % (this.#iterators.length + 1)]
    if (open === undefined) return
    if (count % 3 === 0) {
      open.iterator.seek(bytes(seek))
      open.rest = open.all.filter(([k]) => (open.range.reverse ? k <= seek : k >= seek))
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
    const found: { sequence: number; operations: Op[] }[] = []
    try {
      for await (const change of store.changes({ since: from })) {
        const operations = change.operations.map((op) => ({
          key: text(op.key),
          value: op.type === 'put' ? text(op.value) : undefined,
        }))
        found.push({ sequence: change.sequence, operations })
      }
    } catch (error) {
      if (!isStoreError(error, 'CHANGES_TRUNCATED')) throw error
      same(from < store.oldestChange, true)
      return
    }
    same(found, expected)
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
    this.#store = await this.#open()
    same(this.#store.lastSequence, this.#sequence)
  }
}

const ALL: Range = { reverse: false, limit: undefined, keysOnly: false }

function same(found: unknown, expected: unknown): void {
  const a = JSON.stringify(found)
  const b = JSON.stringify(expected)
  if (a !== b) throw new Error(`found ${a?.slice(0, 400)}, expected ${b?.slice(0, 400)}`)
}
