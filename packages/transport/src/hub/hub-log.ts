import { TransportError } from '../errors.ts'
import { checkAppendOptions } from '../log/append-options.ts'
import type { ConsumerCore } from '../log/consumer-core.ts'
import type {
  AppendOptions,
  AppendResult,
  ConsumeOptions,
  Consumer,
  Log,
  LogInfo,
  LogMessage,
  PurgeOptions,
  ReadOptions,
} from '../log/log.ts'
import type { LogCore } from '../log/log-core.ts'
import {
  assertSameConsumer,
  positiveInteger,
  type ResolvedConsumeOptions,
  resolveConsumeOptions,
} from '../log/log-options.ts'
import { kept, LogTail, type TailOwner } from '../log/log-tail.ts'
import { copyHeaders } from '../message/headers.ts'
import type { Payload } from '../message/message.ts'
import { assertLogSubject, assertName, assertPattern } from '../message/subject.ts'
import { HubConsumer } from './hub-consumer.ts'

/** What handles to logs and buckets need of their connection. */
export interface StoreOwner extends TailOwner {
  checkPayload(payload: Payload): void
  readonly maxHeaderBytes: number
}

const NO_OPTIONS: AppendOptions = {}

/** A log as one connection sees it. */
export class HubLog implements Log {
  readonly name: string
  readonly #core: LogCore
  readonly #owner: StoreOwner
  readonly #forget: () => void

  constructor(core: LogCore, owner: StoreOwner, forget: () => void) {
    this.name = core.name
    this.#core = core
    this.#owner = owner
    this.#forget = forget
  }

  async append(
    subject: string,
    payload: Payload,
    options: AppendOptions = NO_OPTIONS,
  ): Promise<AppendResult> {
    if (!this.#core.knows(subject)) assertLogSubject(subject)
    this.#owner.checkPayload(payload)
    if (options !== NO_OPTIONS) checkAppendOptions(options)
    const headers = copyHeaders(options.headers, this.#owner.maxHeaderBytes)
    this.#assertUsable()
    const { messageId, expectedLastSequence, expectedLastSubjectSequence } = options
    const result = this.#core.append({
      subject,
      payload,
      headers,
      messageId,
      expectedLastSequence,
      expectedLastSubjectSequence,
    })
    const durable = this.#owner.committed()
    if (durable !== undefined) await durable
    return result
  }

  async consume(options: ConsumeOptions = {}): Promise<Consumer> {
    const resolved = resolveConsumeOptions(options)
    const { durable, onExhausted, signal } = options
    if (durable !== undefined) assertName('durable', durable)
    this.#assertUsable()
    this.#owner.assertAccepting()
    const existing = durable === undefined ? undefined : this.#core.durable(durable)
    if (existing !== undefined) this.#assertSame(durable ?? '', existing, resolved)
    const core = existing ?? this.#core.createConsumer(durable, resolved)
    const ephemeral = durable === undefined
    const setup = { core, owner: this.#owner, ephemeral, onExhausted, signal }
    return await kept(this.#owner, new HubConsumer(setup))
  }

  read(options: ReadOptions = {}): AsyncIterable<LogMessage> {
    if (options.subject !== undefined) assertPattern(options.subject)
    const from = positiveInteger('fromSequence', options.fromSequence, 1)
    const limit = positiveInteger('limit', options.limit, Infinity)
    this.#assertUsable()
    return new LogTail<LogMessage>({
      log: this.#core,
      owner: this.#owner,
      filter: options.subject,
      from,
      until: options.live ? undefined : this.#core.records.lastSequence,
      limit,
      signal: options.signal,
      project: (record) => record,
    })
  }

  async last(subject: string): Promise<LogMessage | undefined> {
    assertLogSubject(subject)
    this.#assertUsable()
    return this.#core.last(subject)
  }

  async info(): Promise<LogInfo> {
    this.#assertUsable()
    return this.#core.info()
  }

  async purge(options: PurgeOptions = {}): Promise<number> {
    if (options.subject !== undefined) assertPattern(options.subject)
    positiveInteger('beforeSequence', options.beforeSequence, 1)
    this.#assertUsable()
    return await kept(this.#owner, this.#core.purge(options))
  }

  async deleteConsumer(durable: string): Promise<boolean> {
    assertName('durable', durable)
    this.#assertUsable()
    return await kept(this.#owner, this.#core.deleteConsumer(durable))
  }

  async destroy(): Promise<void> {
    this.#assertUsable()
    this.#forget()
    this.#core.destroy()
    await kept(this.#owner, undefined)
  }

  #assertUsable(): void {
    this.#owner.assertUsable()
    if (this.#core.destroyed) {
      throw new TransportError('LOG_MISSING', `log ${this.name} was removed; open it anew`)
    }
  }

  /** A durable keeps the rules that it was created with; where to start is asked only once. */
  #assertSame(durable: string, core: ConsumerCore, wanted: ResolvedConsumeOptions): void {
    assertSameConsumer(durable, core.options, wanted)
  }
}
