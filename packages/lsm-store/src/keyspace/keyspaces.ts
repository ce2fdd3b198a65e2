import { importFilter, type JobFilter } from '../compaction/compaction-filter.ts'
import type { OwnPolicy } from '../compaction/policy.ts'
import { builtInOperator, loadOperator, type MergeOperator } from '../merge/merge-operator.ts'
import { dropped } from './keyspace-errors.ts'
import { changesNothing, isSame, type KeyspaceOptions, recordOf } from './keyspace-options.ts'
import type { KeyspaceRecord } from './keyspace-record.ts'
import { Space } from './space.ts'
import type { SpaceSettings } from './space-settings.ts'

/** What a change of the keyspaces does to the manifest. */
export interface KeyspaceEdit {
  readonly addedKeyspaces?: readonly KeyspaceRecord[]
  readonly removedKeyspaces?: readonly number[]
  readonly nextKeyspace?: number
}

const MAX_NAME_LENGTH = 255
/** The default keyspace goes by this name, which is no other's. */
export const DEFAULT_NAME = 'default'
const LAST_ID = 0xffff_fffe

/** The keyspaces of an open store. */
export class Keyspaces {
  readonly default: Space
  readonly #byName: Map<string, Space> = new Map()
  readonly #records: Map<number, KeyspaceRecord> = new Map()
  #next: number
  readonly #defaults: KeyspaceOptions
  #policies: ReadonlyMap<number, OwnPolicy> = new Map()
  readonly #commit: (edit: KeyspaceEdit) => Promise<void>
  /** Changes wait for each other. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(
    records: readonly KeyspaceRecord[],
    next: number,
    commit: (edit: KeyspaceEdit) => Promise<void>,
    defaults: KeyspaceOptions = {},
  ) {
    this.default = new Space(0, DEFAULT_NAME, this)
    this.#next = next
    this.#commit = commit
    this.#defaults = defaults
    for (const record of records) {
      this.#records.set(record.id, record)
      if (record.droppedAt === undefined) this.#byName.set(record.name, this.#open(record))
    }
    this.#updatePolicies()
  }

  /** Another keyspace than the default one may have entries. */
  get any(): boolean {
    return this.#next > 1
  }

  get names(): string[] {
    return [...this.#byName.keys()].sort()
  }

  /** True when the keyspace is there, and these options change nothing about it. */
  isKnown(name: string, options: KeyspaceOptions): boolean {
    const known = this.#byName.get(name)
    const record = known === undefined ? undefined : this.#records.get(known.id)
    if (record === undefined) return false
    return changesNothing(options, record)
  }

  /** Name of a keyspace that is there, or was when an entry of the log was written. */
  nameOf(id: number): string {
    return this.#records.get(id)?.name ?? `#${id}`
  }

  /** Operators by number of the keyspace, for those that are known now. */
  operators(): { readonly space: number; readonly operator: MergeOperator }[] {
    return [this.default, ...this.#byName.values()].flatMap(({ id, operator }) =>
      operator === undefined ? [] : [{ space: id, operator }],
    )
  }

  /** Compaction filters, of those that have one. */
  filters(): JobFilter[] {
    return [this.default, ...this.#byName.values()].flatMap(({ id, filter }) =>
      filter === undefined ? [] : [{ space: id, url: filter }],
    )
  }

  /** What jobs must know of those that have settings of their own. */
  settings(): SpaceSettings[] {
    const own = this.policies()
    const found: SpaceSettings[] = []
    for (const { id } of [this.default, ...this.#byName.values()]) {
      const settings = ownSettings((id === 0 ? this.#defaults : this.#records.get(id)) ?? {})
      const ownTables = own.has(id) ? { ownTables: true } : {}
      const all = { ...settings, ...ownTables }
      if (Object.keys(all).length > 0) found.push({ space: id, ...all })
    }
    return found
  }

  /** Keyspaces that have tables of their own, by number, and what becomes of these. */
  policies(): ReadonlyMap<number, OwnPolicy> {
    return this.#policies
  }

  #updatePolicies(): void {
    const policies = new Map<number, OwnPolicy>()
    for (const { id } of this.#byName.values()) {
      const policy = this.#records.get(id)?.policy
      if (policy !== undefined && policy.kind !== 'leveled') policies.set(id, policy)
    }
    this.#policies = policies
  }

  #open(record: KeyspaceRecord): Space {
    const space = new Space(record.id, record.name, this)
    space.ttlMs = record.ttlMs ?? 0
    if (record.merge !== undefined) space.operator = builtInOperator(record.merge)
    return space
  }

  /** The keyspace of this name, made when there is none. */
  resolve(name: string, options: KeyspaceOptions, isFree: () => void): Promise<Space> {
    const done = this.#queue.then(() => this.#resolve(name, options, isFree))
    this.#queue = done.catch(() => {})
    return done
  }

  async #resolve(name: string, options: KeyspaceOptions, isFree: () => void): Promise<Space> {
    const operator = options.merge === undefined ? undefined : await loadOperator(options.merge)
    const filter = await checkedFilter(options)
    const known = this.#byName.get(name)
    const record = known === undefined ? undefined : this.#records.get(known.id)
    const id = record?.id ?? this.#next
    const wanted = recordOf(id, name, options, record)
    if (record === undefined) {
      isFree()
      if (id > LAST_ID) throw new RangeError('this store has had too many keyspaces')
      await this.#commit({ addedKeyspaces: [wanted], nextKeyspace: id + 1 })
      this.#next = id + 1
    } else if (!isSame(wanted, record)) {
      await this.#commit({ removedKeyspaces: [id], addedKeyspaces: [wanted] })
    }
    this.#records.set(id, wanted)
    const space = known ?? this.#open(wanted)
    space.ttlMs = wanted.ttlMs ?? 0
    space.operator = operator ?? space.operator
    space.filter = filter ?? space.filter
    this.#byName.set(name, space)
    this.#updatePolicies()
    return space
  }

  /** Forgets a keyspace whose entries `erase` deletes, durably; resolves with the sequence of that. */
  drop(space: Space, oldestChange: () => number, erase: () => Promise<number>): Promise<void> {
    const done = this.#queue.then(async () => {
      if (space.dropped) throw dropped(space.name)
      space.dropped = true
      this.#byName.delete(space.name)
      this.#updatePolicies()
      const droppedAt = await erase()
      const record: KeyspaceRecord = { id: space.id, name: space.name, droppedAt }
      const forgotten = [...this.#records.values()].filter(
        (other) => other.droppedAt !== undefined && other.droppedAt <= oldestChange(),
      )
      await this.#commit({
        removedKeyspaces: [space.id, ...forgotten.map(({ id }) => id)],
        addedKeyspaces: [record],
      })
      for (const { id } of forgotten) this.#records.delete(id)
      this.#records.set(space.id, record)
    })
    this.#queue = done.catch(() => {})
    return done
  }
}

type SettingName = 'compression' | 'blockBytes' | 'filterBits' | 'largeValueBytes'

/** What is given of what jobs must know. */
function ownSettings({
  compression,
  blockBytes,
  filterBits,
  largeValueBytes,
}: Pick<SpaceSettings, SettingName>): Omit<SpaceSettings, 'space'> {
  return {
    ...(compression === undefined ? {} : { compression }),
    ...(blockBytes === undefined ? {} : { blockBytes }),
    ...(filterBits === undefined ? {} : { filterBits }),
    ...(largeValueBytes === undefined ? {} : { largeValueBytes }),
  }
}

/** The module of a filter, which must be one. */
export async function checkedFilter({
  compactionFilter,
}: KeyspaceOptions): Promise<string | undefined> {
  if (compactionFilter === undefined) return undefined
  const url = String(compactionFilter)
  await importFilter(url)
  return url
}

/** Throws unless it can be the name of a keyspace. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw new TypeError('name of a keyspace must be a string')
  if (name.length > 0 && name.length <= MAX_NAME_LENGTH && name !== DEFAULT_NAME) return
  throw new RangeError(
    `name of a keyspace must have 1 to ${MAX_NAME_LENGTH} characters and not be ${DEFAULT_NAME}`,
  )
}
