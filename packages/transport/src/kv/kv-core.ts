import type { Clock } from '@ashlar/codec'
import { isTransportError, TransportError } from '../errors.ts'
import { LogCore } from '../log/log-core.ts'
import { MIN_AGE_MS } from '../log/log-options.ts'
import type { LogRecord } from '../log/log-records.ts'
import type { LogStorage } from '../log/log-storage.ts'
import { NO_HEADERS } from '../message/headers.ts'
import type { Headers, Payload } from '../message/message.ts'
import type { KvEntry } from './key-value.ts'
import type { ResolvedKvOptions } from './kv-options.ts'

const DELETED: Headers = Object.freeze({ 'KV-Operation': 'DEL' })
const EMPTY = new Uint8Array(0)

/** A bucket is a log whose subjects are the keys and which keeps `history` messages of each. */
export class KvCore {
  readonly options: ResolvedKvOptions
  readonly log: LogCore

  constructor(bucket: string, options: ResolvedKvOptions, storage: LogStorage, clock: Clock) {
    this.options = options
    this.log = new LogCore(
      bucket,
      {
        subjects: ['>'],
        maxBytes: Infinity,
        maxAgeMs: options.ttlMs,
        maxMessages: Infinity,
        maxMessagesPerSubject: options.history,
        dedupWindowMs: MIN_AGE_MS,
        discard: 'new',
      },
      storage,
      clock,
    )
  }

  get(key: string): KvEntry | undefined {
    const record = this.log.last(key)
    return record === undefined || isDelete(record) ? undefined : entryOf(record)
  }

  put(key: string, value: Payload): number {
    return this.#append(key, value, NO_HEADERS, undefined)
  }

  create(key: string, value: Payload): number {
    const last = this.log.last(key)
    if (last === undefined || isDelete(last)) return this.put(key, value)
    throw new TransportError('KV_EXISTS', `key ${key} exists with revision ${last.sequence}`, {
      actual: last.sequence,
    })
  }

  update(key: string, value: Payload, revision: number): number {
    return this.#append(key, value, NO_HEADERS, revision)
  }

  delete(key: string, revision: number | undefined): void {
    this.#append(key, EMPTY, DELETED, revision)
  }

  keys(): string[] {
    this.log.expire()
    const present: string[] = []
    for (const key of this.log.records.subjects()) {
      const last = this.log.records.lastOf(key)
      if (last !== undefined && !isDelete(last)) present.push(key)
    }
    return present
  }

  purgeDeletes(olderThanMs: number): number {
    this.log.expire()
    const oldest = this.log.clock.now() - olderThanMs
    let removed = 0
    for (const key of this.log.records.subjects()) {
      const last = this.log.records.lastOf(key)
      if (last === undefined || !isDelete(last) || last.timestampMs > oldest) continue
      for (const sequence of this.log.records.sequencesOf(key)) this.log.records.remove(sequence)
      removed += 1
    }
    return removed
  }

  #append(key: string, value: Payload, headers: Headers, revision: number | undefined): number {
    try {
      return this.log.append({
        subject: key,
        payload: value,
        headers,
        expectedLastSubjectSequence: revision,
      }).sequence
    } catch (error) {
      if (!isTransportError(error, 'LOG_CONFLICT')) throw error
      throw new TransportError(
        'KV_CONFLICT',
        `key ${key} has revision ${error.actual}, expected ${revision}`,
        { cause: error, actual: error.actual },
      )
    }
  }
}

/** True for the marker that a delete leaves. */
export function isDelete(record: LogRecord): boolean {
  return record.headers === DELETED || record.headers['KV-Operation'] === 'DEL'
}

/** A record of the bucket's log as its user sees it. */
export function entryOf(record: LogRecord): KvEntry {
  return {
    key: record.subject,
    value: record.payload,
    revision: record.sequence,
    operation: isDelete(record) ? 'delete' : 'put',
    timestampMs: record.timestampMs,
  }
}
