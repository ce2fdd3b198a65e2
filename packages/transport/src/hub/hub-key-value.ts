import { TransportError } from '../errors.ts'
import type { KeyValue, KvEntry, KvWatchOptions } from '../kv/key-value.ts'
import { entryOf, isDelete, type KvCore } from '../kv/kv-core.ts'
import { atLeast, positiveInteger } from '../log/log-options.ts'
import type { LogRecord } from '../log/log-records.ts'
import { kept, LogTail } from '../log/log-tail.ts'
import type { Payload } from '../message/message.ts'
import { assertKey, assertKeyPattern, createSubjectFilter } from '../message/subject.ts'
import type { StoreOwner } from './hub-log.ts'

/** Age from which delete markers are removed by default. */
const DEFAULT_PURGE_AGE_MS = 30 * 60 * 1000

/** A bucket as one connection sees it. */
export class HubKeyValue implements KeyValue {
  readonly bucket: string
  readonly #core: KvCore
  readonly #owner: StoreOwner
  readonly #forget: () => void

  constructor(core: KvCore, owner: StoreOwner, forget: () => void) {
    this.bucket = core.log.name
    this.#core = core
    this.#owner = owner
    this.#forget = forget
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#check(key)
    return this.#core.get(key)
  }

  async put(key: string, value: Payload): Promise<number> {
    this.#check(key, value)
    const revision = this.#core.put(key, value)
    const durable = this.#owner.committed()
    if (durable !== undefined) await durable
    return revision
  }

  async create(key: string, value: Payload): Promise<number> {
    this.#check(key, value)
    return await kept(this.#owner, this.#core.create(key, value))
  }

  async update(key: string, value: Payload, revision: number): Promise<number> {
    this.#check(key, value)
    if (revision === undefined) throw new RangeError('revision is required')
    positiveInteger('revision', revision, 1)
    return await kept(this.#owner, this.#core.update(key, value, revision))
  }

  async delete(
    key: string,
    options: { readonly revision?: number | undefined } = {},
  ): Promise<void> {
    this.#check(key)
    positiveInteger('revision', options.revision, 1)
    await kept(this.#owner, this.#core.delete(key, options.revision))
  }

  async *keys(filter?: string): AsyncIterable<string> {
    if (filter !== undefined) assertKeyPattern(filter)
    this.#assertUsable()
    const matches = filter === undefined ? undefined : createSubjectFilter(filter)
    for (const key of this.#core.keys()) {
      if (matches === undefined || matches(key)) yield key
    }
  }

  watch(options: KvWatchOptions = {}): AsyncIterable<KvEntry> {
    const { key, history, updatesOnly, onCaughtUp, signal } = options
    if (key !== undefined) assertKeyPattern(key)
    if (history && updatesOnly) throw new TypeError('give history or updatesOnly, not both')
    this.#assertUsable()
    const { log } = this.#core
    log.expire()
    const start = log.records.lastSequence
    return new LogTail<KvEntry>({
      log,
      owner: this.#owner,
      filter: key,
      initial: history || updatesOnly ? undefined : this.#present(key),
      from: history ? 1 : start + 1,
      signal,
      project: entryOf,
      onCaughtUp,
      caughtUpAt: start,
    })
  }

  history(key: string): AsyncIterable<KvEntry> {
    this.#check(key)
    const { log } = this.#core
    log.expire()
    return new LogTail<KvEntry>({
      log,
      owner: this.#owner,
      initial: log.records.sequencesOf(key),
      from: log.records.lastSequence + 1,
      until: log.records.lastSequence,
      project: entryOf,
    })
  }

  async purgeDeletes(options: { readonly olderThanMs?: number | undefined } = {}): Promise<number> {
    const age = atLeast('olderThanMs', options.olderThanMs, 0, DEFAULT_PURGE_AGE_MS)
    this.#assertUsable()
    return await kept(this.#owner, this.#core.purgeDeletes(age))
  }

  async destroy(): Promise<void> {
    this.#assertUsable()
    this.#forget()
    this.#core.log.destroy()
    await kept(this.#owner, undefined)
  }

  /** Revisions of the present values, in order. */
  #present(filter: string | undefined): number[] {
    const { records } = this.#core.log
    const matches = filter === undefined ? undefined : createSubjectFilter(filter)
    const found: number[] = []
    for (const key of records.subjects()) {
      if (matches !== undefined && !matches(key)) continue
      const last: LogRecord | undefined = records.lastOf(key)
      if (last !== undefined && !isDelete(last)) found.push(last.sequence)
    }
    return found.sort((a, b) => a - b)
  }

  #check(key: string, value?: Payload): void {
    assertKey(key)
    if (value !== undefined) this.#owner.checkPayload(value)
    this.#assertUsable()
  }

  #assertUsable(): void {
    this.#owner.assertUsable()
    if (this.#core.log.destroyed) {
      throw new TransportError('KV_MISSING', `bucket ${this.bucket} was removed; open it anew`)
    }
  }
}
