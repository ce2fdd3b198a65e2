import type { MsgHdrs } from '@nats-io/transport-node'
import { isTransportError, TransportError } from '../errors.ts'
import type { KeyValue, KvEntry, KvWatchOptions } from '../kv/key-value.ts'
import { atLeast, positiveInteger } from '../log/log-options.ts'
import type { Payload } from '../message/message.ts'
import { assertKey, assertKeyPattern } from '../message/subject.ts'
import type { JetStreamApi, PubAck } from './jetstream/api.ts'
import { JetStreamFault } from './jetstream/api-error.ts'
import { SubjectMoved, storeIfLast } from './jetstream/conditional-store.ts'
import { NatsTail } from './jetstream/nats-tail.ts'
import { lastOf, type StoredMessage } from './jetstream/stored-message.ts'
import { coded, deleteStream, explainNobody } from './jetstream/stream.ts'
import { bucketStream, type StreamConfig } from './jetstream/stream-config.ts'
import { createHeaders } from './nats-message.ts'

/** Age from which delete markers are removed by default. */
const DEFAULT_PURGE_AGE_MS = 30 * 60 * 1000
const EMPTY = new Uint8Array(0)
const OPERATION = 'KV-Operation'

/** A bucket kept as NATS's own key-value clients keep it: they can read and write it too. */
export class NatsKeyValue implements KeyValue {
  readonly bucket: string
  readonly #api: JetStreamApi
  readonly #stream: string
  /** What stands before a key in the stream. */
  readonly #prefix: string
  /** Where keys are written, which differs in a domain of another name. */
  readonly #target: string
  readonly #direct: boolean
  readonly #config: StreamConfig

  constructor(api: JetStreamApi, bucket: string, config: StreamConfig) {
    this.bucket = bucket
    this.#api = api
    this.#config = config
    this.#stream = bucketStream(bucket)
    this.#prefix = `$KV.${bucket}.`
    const { domain } = api.link.options
    this.#target = domain === undefined ? this.#prefix : `$JS.${domain}.API.${this.#prefix}`
    this.#direct = config.num_replicas === 1 && config.allow_direct
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#check(key)
    const stored = await this.#last(key)
    return stored === undefined || isDelete(stored) ? undefined : this.#entry(stored)
  }

  async put(key: string, value: Payload): Promise<number> {
    this.#check(key, value)
    return await this.#write(key, value, '', undefined)
  }

  async create(key: string, value: Payload): Promise<number> {
    this.#check(key, value)
    let expected = 0
    for (;;) {
      try {
        return await this.#write(key, value, '', expected)
      } catch (error) {
        if (!isTransportError(error, 'KV_CONFLICT')) throw error
        const last = await this.#last(key)
        // Gone meanwhile: then it may be created after all.
        const next = last === undefined ? 0 : last.sequence
        if (last === undefined ? expected === 0 : !isDelete(last) || next === expected) {
          throw new TransportError('KV_EXISTS', `key ${key} exists with revision ${next}`, {
            cause: error,
            actual: next,
          })
        }
        expected = next
      }
    }
  }

  async update(key: string, value: Payload, revision: number): Promise<number> {
    this.#check(key, value)
    if (revision === undefined) throw new RangeError('revision is required')
    positiveInteger('revision', revision, 1)
    return await this.#write(key, value, '', revision)
  }

  async delete(
    key: string,
    options: { readonly revision?: number | undefined } = {},
  ): Promise<void> {
    this.#check(key)
    positiveInteger('revision', options.revision, 1)
    await this.#write(key, EMPTY, 'DEL', options.revision)
  }

  keys(filter?: string): AsyncIterable<string> {
    if (filter !== undefined) assertKeyPattern(filter)
    this.#api.link.assertUsable()
    return this.#keys(filter)
  }

  watch(options: KvWatchOptions = {}): AsyncIterable<KvEntry> {
    const { key, history, updatesOnly, onCaughtUp, signal } = options
    if (key !== undefined) assertKeyPattern(key)
    if (history && updatesOnly) throw new TypeError('give history or updatesOnly, not both')
    this.#api.link.assertUsable()
    return new NatsTail<KvEntry>({
      api: this.#api,
      stream: this.#stream,
      replicas: this.#config.num_replicas,
      missing: 'KV_MISSING',
      filter: this.#prefix + (key ?? '>'),
      from: history ? 1 : updatesOnly ? 'new' : 'last-per-subject',
      bounded: false,
      signal,
      onCaughtUp,
      project: (stored, isOld) =>
        isOld && !history && isDelete(stored) ? undefined : this.#entry(stored),
    })
  }

  history(key: string): AsyncIterable<KvEntry> {
    this.#check(key)
    return new NatsTail<KvEntry>({
      api: this.#api,
      stream: this.#stream,
      replicas: this.#config.num_replicas,
      missing: 'KV_MISSING',
      filter: this.#prefix + key,
      from: 1,
      bounded: true,
      project: (stored) => this.#entry(stored),
    })
  }

  async purgeDeletes(options: { readonly olderThanMs?: number | undefined } = {}): Promise<number> {
    const olderThanMs = atLeast('olderThanMs', options.olderThanMs, 0, DEFAULT_PURGE_AGE_MS)
    this.#api.link.assertUsable()
    const oldest = this.#api.link.clock.now() - olderThanMs
    let removed = 0
    const markers = this.#lasts(undefined, (stored) =>
      isDelete(stored) && stored.timestampMs <= oldest ? stored : undefined,
    )
    for await (const { subject, sequence } of markers) {
      // Up to the marker: what was written since then stays.
      await this.#change(`STREAM.PURGE.${this.#stream}`, { filter: subject, seq: sequence + 1 })
      removed += 1
    }
    return removed
  }

  async destroy(): Promise<void> {
    this.#api.link.assertUsable()
    await deleteStream(this.#api, this.#stream, 'KV_MISSING')
  }

  async *#keys(filter: string | undefined): AsyncIterable<string> {
    const present = new Set<string>()
    for await (const stored of this.#lasts(filter, (message) => message)) {
      // A key may come once more when it changed just before.
      if (isDelete(stored)) present.delete(this.#key(stored))
      else present.add(this.#key(stored))
    }
    yield* present
  }

  /** The last message of each key, without values. */
  #lasts<T>(filter: string | undefined, project: (stored: StoredMessage) => T | undefined) {
    return new NatsTail<T>({
      api: this.#api,
      stream: this.#stream,
      replicas: this.#config.num_replicas,
      missing: 'KV_MISSING',
      filter: this.#prefix + (filter ?? '>'),
      from: 'last-per-subject',
      bounded: true,
      headersOnly: true,
      project,
    })
  }

  async #last(key: string): Promise<StoredMessage | undefined> {
    try {
      return await lastOf(this.#api, this.#stream, this.#prefix + key, this.#direct)
    } catch (error) {
      throw await this.#failed(error)
    }
  }

  async #write(
    key: string,
    value: Payload,
    operation: '' | 'DEL',
    expected: number | undefined,
  ): Promise<number> {
    try {
      return (await this.#store(key, value, operation, expected)).seq
    } catch (error) {
      if (!(error instanceof SubjectMoved)) throw await this.#failed(error)
      const { actual } = error
      throw new TransportError(
        'KV_CONFLICT',
        `key ${key} has revision ${actual ?? 'another'}, expected ${expected}`,
        { cause: error, actual },
      )
    }
  }

  #store(
    key: string,
    value: Payload,
    operation: '' | 'DEL',
    expected: number | undefined,
  ): Promise<PubAck> {
    const target = this.#target + key
    const createMarked = (): MsgHdrs => {
      const headers = createHeaders()
      if (operation !== '') headers.append(OPERATION, operation)
      return headers
    }
    if (expected === undefined) {
      return this.#api.store(target, value, operation === '' ? undefined : createMarked())
    }
    return storeIfLast(this.#api, this.#config, {
      target,
      subject: this.#prefix + key,
      payload: value,
      createHeaders: createMarked,
      expected,
    })
  }

  async #change(subject: string, body: object): Promise<void> {
    try {
      await this.#api.change(subject, body)
    } catch (error) {
      throw coded(error, 'KV_MISSING')
    }
  }

  async #failed(error: unknown): Promise<unknown> {
    if (error instanceof JetStreamFault) return coded(error, 'KV_MISSING')
    return await explainNobody(this.#api, this.#stream, 'KV_MISSING', error)
  }

  #entry(stored: StoredMessage): KvEntry {
    const { payload, sequence, timestampMs } = stored
    const deleted = isDelete(stored)
    return {
      key: this.#key(stored),
      value: deleted ? EMPTY : payload,
      revision: sequence,
      operation: deleted ? 'delete' : 'put',
      timestampMs,
    }
  }

  #key(stored: StoredMessage): string {
    return stored.subject.slice(this.#prefix.length)
  }

  #check(key: string, value?: Payload): void {
    assertKey(key)
    if (value !== undefined) this.#api.link.checkPayload(value)
    this.#api.link.assertUsable()
  }
}

/** True for the markers that deletes leave, also those of NATS's own clients. */
function isDelete({ operation }: StoredMessage): boolean {
  return operation === 'DEL' || operation === 'PURGE'
}
