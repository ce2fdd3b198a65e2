import type { MsgHdrs } from '@nats-io/transport-node'
import { TransportError } from '../errors.ts'
import { checkAppendOptions } from '../log/append-options.ts'
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
import {
  assertSameConsumer,
  positiveInteger,
  type ResolvedConsumeOptions,
  resolveConsumeOptions,
} from '../log/log-options.ts'
import { copyHeaders } from '../message/headers.ts'
import type { Headers, Payload } from '../message/message.ts'
import {
  assertLogSubject,
  assertName,
  assertPattern,
  createSubjectFilter,
} from '../message/subject.ts'
import type { JetStreamApi, PubAck } from './jetstream/api.ts'
import { FAULT, foundSequence, isFault, JetStreamFault } from './jetstream/api-error.ts'
import { SubjectMoved, storeIfLast } from './jetstream/conditional-store.ts'
import { type ConsumerInfo, consumeOptionsOf, consumerConfig } from './jetstream/consumer-config.ts'
import { NatsConsumer } from './jetstream/nats-consumer.ts'
import { NatsTail } from './jetstream/nats-tail.ts'
import { lastOf, logMessage } from './jetstream/stored-message.ts'
import { coded, deleteStream, explainNobody, findStream } from './jetstream/stream.ts'
import { logStream, type StreamConfig, type StreamInfo } from './jetstream/stream-config.ts'
import { createHeaders, wireHeaders } from './nats-message.ts'

const EXPECTED_SEQUENCE = 'Nats-Expected-Last-Sequence'
const EXPECTED_SUBJECT_SEQUENCE = 'Nats-Expected-Last-Subject-Sequence'
const MAX_KNOWN_SUBJECTS = 8_192

/** A log kept by a JetStream stream. */
export class NatsLog implements Log {
  readonly name: string
  readonly #api: JetStreamApi
  readonly #stream: string
  /** What stands before the log's subjects in the stream. */
  readonly #prefix: string
  readonly #config: StreamConfig
  readonly #accepts: readonly ((subject: string) => boolean)[]
  readonly #accepted = new Set<string>()

  constructor(api: JetStreamApi, name: string, prefix: string, config: StreamConfig) {
    this.name = name
    this.#api = api
    this.#stream = logStream(name)
    this.#prefix = prefix
    this.#config = config
    this.#accepts = config.subjects.map((subject) =>
      createSubjectFilter(subject.slice(prefix.length)),
    )
  }

  async append(
    subject: string,
    payload: Payload,
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    const { link } = this.#api
    assertLogSubject(subject)
    link.checkPayload(payload)
    checkAppendOptions(options)
    const headers = copyHeaders(options.headers, link.maxHeaderBytes)
    link.assertUsable()
    this.#assertAccepted(subject)
    try {
      const { seq, duplicate } = await this.#store(
        this.#prefix + subject,
        payload,
        headers,
        options,
      )
      return { sequence: seq, duplicate: duplicate === true }
    } catch (error) {
      throw await this.#appendFailed(subject, error)
    }
  }

  async consume(options: ConsumeOptions = {}): Promise<Consumer> {
    const rules = resolveConsumeOptions(options)
    const { durable, onExhausted, signal } = options
    if (durable !== undefined) assertName('durable', durable)
    this.#api.link.assertUsable()
    this.#api.link.assertAccepting()
    const name = await this.#findOrCreateConsumer(durable, rules)
    return new NatsConsumer({
      api: this.#api,
      stream: this.#stream,
      name,
      ephemeral: durable === undefined,
      prefix: this.#prefix,
      rules,
      onExhausted,
      signal,
    })
  }

  read(options: ReadOptions = {}): AsyncIterable<LogMessage> {
    if (options.subject !== undefined) assertPattern(options.subject)
    const from = positiveInteger('fromSequence', options.fromSequence, 1)
    const limit = positiveInteger('limit', options.limit, Infinity)
    this.#api.link.assertUsable()
    return new NatsTail<LogMessage>({
      api: this.#api,
      stream: this.#stream,
      replicas: this.#config.num_replicas,
      missing: 'LOG_MISSING',
      filter: options.subject === undefined ? undefined : this.#prefix + options.subject,
      from,
      bounded: options.live !== true,
      limit,
      signal: options.signal,
      project: (stored) => logMessage(stored, this.#prefix),
    })
  }

  async last(subject: string): Promise<LogMessage | undefined> {
    assertLogSubject(subject)
    this.#api.link.assertUsable()
    const direct = this.#config.num_replicas === 1 && this.#config.allow_direct
    try {
      const stored = await lastOf(this.#api, this.#stream, this.#prefix + subject, direct)
      return stored === undefined ? undefined : logMessage(stored, this.#prefix)
    } catch (error) {
      throw await this.#readFailed(error)
    }
  }

  async info(): Promise<LogInfo> {
    this.#api.link.assertUsable()
    const found = await findStream(this.#api, this.#stream)
    if (found === undefined) throw this.#missing()
    return figures(found)
  }

  async purge(options: PurgeOptions = {}): Promise<number> {
    if (options.subject !== undefined) assertPattern(options.subject)
    positiveInteger('beforeSequence', options.beforeSequence, 1)
    this.#api.link.assertUsable()
    const { subject, beforeSequence } = options
    try {
      const { purged } = await this.#api.change<{ readonly purged: number }>(
        `STREAM.PURGE.${this.#stream}`,
        {
          ...(subject === undefined ? {} : { filter: this.#prefix + subject }),
          ...(beforeSequence === undefined ? {} : { seq: beforeSequence }),
        },
      )
      return purged
    } catch (error) {
      throw coded(error)
    }
  }

  async deleteConsumer(durable: string): Promise<boolean> {
    assertName('durable', durable)
    this.#api.link.assertUsable()
    try {
      await this.#api.change(`CONSUMER.DELETE.${this.#stream}.${durable}`)
      return true
    } catch (error) {
      if (isFault(error, FAULT.consumerNotFound)) return false
      throw coded(error)
    }
  }

  async destroy(): Promise<void> {
    this.#api.link.assertUsable()
    await deleteStream(this.#api, this.#stream, 'LOG_MISSING')
  }

  #assertAccepted(subject: string): void {
    if (this.#accepted.has(subject)) return
    if (!this.#accepts.some((accepts) => accepts(subject))) {
      const held = this.#config.subjects.map((own) => own.slice(this.#prefix.length))
      throw new TransportError(
        'LOG_MISMATCH',
        `log ${this.name} holds ${held.join(', ')}, not ${subject}`,
      )
    }
    if (this.#accepted.size >= MAX_KNOWN_SUBJECTS) this.#accepted.clear()
    this.#accepted.add(subject)
  }

  #store(
    target: string,
    payload: Payload,
    headers: Headers,
    options: AppendOptions,
  ): Promise<PubAck> {
    const { expectedLastSequence, expectedLastSubjectSequence: expected } = options
    if (expected === undefined || expectedLastSequence !== undefined) {
      return this.#api.store(target, payload, appendHeaders(headers, options))
    }
    return storeIfLast(this.#api, this.#config, {
      target,
      subject: target,
      payload,
      createHeaders: () => idHeaders(headers, options.messageId) ?? createHeaders(),
      expected,
    })
  }

  async #appendFailed(subject: string, error: unknown): Promise<unknown> {
    const isConflict = isFault(error, FAULT.wrongLastSequence, FAULT.wrongLastSequenceConstant)
    if (isConflict || error instanceof SubjectMoved) {
      const actual = isConflict ? foundSequence(error.fault) : error.actual
      return new TransportError(
        'LOG_CONFLICT',
        `${subject} of log ${this.name} is at sequence ${actual ?? 'another'}`,
        { cause: error, actual },
      )
    }
    if (error instanceof JetStreamFault) return coded(error)
    return await explainNobody(this.#api, this.#stream, 'LOG_MISSING', error)
  }

  async #readFailed(error: unknown): Promise<unknown> {
    if (error instanceof JetStreamFault) return coded(error)
    return await explainNobody(this.#api, this.#stream, 'LOG_MISSING', error)
  }

  async #findOrCreateConsumer(
    durable: string | undefined,
    rules: ResolvedConsumeOptions,
  ): Promise<string> {
    const config = consumerConfig(durable, this.#prefix, rules)
    const body = { stream_name: this.#stream, config }
    const create =
      durable === undefined
        ? `CONSUMER.CREATE.${this.#stream}`
        : `CONSUMER.DURABLE.CREATE.${this.#stream}.${durable}`
    if (durable !== undefined && (await this.#findDurable(durable, rules))) return durable
    try {
      return (await this.#api.change<ConsumerInfo>(create, body)).name
    } catch (error) {
      // Somebody else may have been faster, with the same rules or with others.
      if (durable !== undefined && error instanceof JetStreamFault) {
        if (await this.#findDurable(durable, rules)) return durable
      }
      throw coded(error)
    }
  }

  async #findDurable(durable: string, rules: ResolvedConsumeOptions): Promise<boolean> {
    try {
      const info = await this.#api.read<ConsumerInfo>(`CONSUMER.INFO.${this.#stream}.${durable}`)
      assertSameConsumer(durable, consumeOptionsOf(info.config, this.#prefix), rules)
      return true
    } catch (error) {
      if (isFault(error, FAULT.consumerNotFound)) return false
      throw coded(error)
    }
  }

  #missing(): TransportError {
    return new TransportError('LOG_MISSING', `log ${this.name} was removed; open it anew`)
  }
}

function figures({ state }: StreamInfo): LogInfo {
  const { messages, bytes, first_seq: first, last_seq: lastSequence } = state
  const firstSequence = messages === 0 ? lastSequence + 1 : first
  return { firstSequence, lastSequence, messages, bytes }
}

/** Headers of an append; undefined when there are none. */
function appendHeaders(headers: Headers, options: AppendOptions): MsgHdrs | undefined {
  const { messageId, expectedLastSequence, expectedLastSubjectSequence } = options
  const wire = idHeaders(headers, messageId)
  if (expectedLastSequence === undefined) return wire
  const conditional = wire ?? createHeaders()
  conditional.append(EXPECTED_SEQUENCE, String(expectedLastSequence))
  if (expectedLastSubjectSequence !== undefined) {
    conditional.append(EXPECTED_SUBJECT_SEQUENCE, String(expectedLastSubjectSequence))
  }
  return conditional
}

function idHeaders(headers: Headers, messageId: string | undefined): MsgHdrs | undefined {
  if (messageId === undefined) return wireHeaders(headers)
  const wire = wireHeaders(headers) ?? createHeaders()
  wire.append('Nats-Msg-Id', messageId)
  return wire
}
