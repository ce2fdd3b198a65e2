import { type Compression, checkCompression } from '../compression/compression.ts'
import {
  builtInOperator,
  loadOperator,
  type MergeOperator,
  type MergeOption,
  mergeName,
} from '../merge/merge-operator.ts'
import { checkTtl } from '../wal/operation-target.ts'
import { dropped } from './keyspace-errors.ts'
import type { KeyspaceRecord } from './keyspace-record.ts'
import { Space } from './space.ts'

/** How a keyspace is used. What is left out stays as it was given before. */
export interface KeyspaceOptions {
  /**
   * Entries written without a `ttlMs` of their own live so many milliseconds. Entries that are there
   * already keep what they have. Kept with the store.
   */
  readonly ttlMs?: number
  /**
   * What `merge()` does: the name of a built-in operator, or a module of yours. The name is kept with
   * the store; another one is refused. A module must be given each time that the store is opened.
   */
  readonly merge?: MergeOption
  /**
   * How blocks of its entries are compressed, on every level. Tables follow as they are compacted. Kept
   * with the store. Default: as `tables.compression` says.
   */
  readonly compression?: Compression
}

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
  readonly #commit: (edit: KeyspaceEdit) => Promise<void>
  /** Changes wait for each other. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(
    records: readonly KeyspaceRecord[],
    next: number,
    commit: (edit: KeyspaceEdit) => Promise<void>,
  ) {
    this.default = new Space(0, DEFAULT_NAME, this)
    this.#next = next
    this.#commit = commit
    for (const record of records) {
      this.#records.set(record.id, record)
      if (record.droppedAt === undefined) this.#byName.set(record.name, this.#open(record))
    }
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
    const { ttlMs = record.ttlMs, compression = record.compression, merge } = options
    if (ttlMs !== record.ttlMs || compression !== record.compression) return false
    return merge === undefined || mergeName(merge) === record.merge
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

  /** Compression by number of the keyspace, of those that have one of their own. */
  compressions(): (readonly [space: number, Compression])[] {
    return [...this.#byName.values()].flatMap(({ id }) => {
      const compression = this.#records.get(id)?.compression
      return compression === undefined ? [] : [[id, compression] as const]
    })
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
    this.#byName.set(name, space)
    return space
  }

  /** Forgets a keyspace whose entries `erase` deletes, durably; resolves with the sequence of that. */
  drop(space: Space, oldestChange: () => number, erase: () => Promise<number>): Promise<void> {
    const done = this.#queue.then(async () => {
      if (space.dropped) throw dropped(space.name)
      space.dropped = true
      this.#byName.delete(space.name)
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

function isSame(a: KeyspaceRecord, b: KeyspaceRecord): boolean {
  return a.ttlMs === b.ttlMs && a.merge === b.merge && a.compression === b.compression
}

function recordOf(
  id: number,
  name: string,
  options: KeyspaceOptions,
  before: KeyspaceRecord | undefined,
): KeyspaceRecord {
  const ttlMs = checkTtl(options.ttlMs) ?? before?.ttlMs
  const compression = options.compression ?? before?.compression
  if (compression !== undefined) checkCompression('compression', compression)
  const merge = options.merge === undefined ? before?.merge : mergeName(options.merge)
  if (before?.merge !== undefined && merge !== before.merge) {
    throw new TypeError(
      `keyspace ${name} merges by ${before.merge}: its entries cannot be read by ${merge}`,
    )
  }
  if (ttlMs !== undefined && merge !== undefined) {
    throw new TypeError('a keyspace has either ttlMs or merge: operands have no time of their own')
  }
  return {
    id,
    name,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(merge === undefined ? {} : { merge }),
    ...(compression === undefined ? {} : { compression }),
  }
}

/** Throws unless it can be the name of a keyspace. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw new TypeError('name of a keyspace must be a string')
  if (name.length > 0 && name.length <= MAX_NAME_LENGTH && name !== DEFAULT_NAME) return
  throw new RangeError(
    `name of a keyspace must have 1 to ${MAX_NAME_LENGTH} characters and not be ${DEFAULT_NAME}`,
  )
}
