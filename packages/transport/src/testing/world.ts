import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { KeyValue, KvOptions } from '../kv/key-value.ts'
import type { Log, LogOptions } from '../log/log.ts'
import type { Subscription } from '../message/message.ts'
import type { Transport } from '../transport.ts'
import type { ConformanceConnectOptions, ConformanceEnvironment } from './environment.ts'
import { Reader } from './reader.ts'

/** A guarantee, checked. */
export type Case = (world: World) => Promise<void>

/** Cases by the sentence of what they check. */
export type Cases = Readonly<Record<string, Case>>

/** How often a condition is looked at while it is waited for. */
const POLL_MS = 2
/** After this long a condition counts as never coming true. */
const PATIENCE_MS = 5_000

/** What a case works with: a fresh connection, names nobody else uses, and time. */
export class World {
  readonly environment: ConformanceEnvironment
  /** Replaced by `restart`. */
  transport: Transport
  readonly #id = `t${randomBytes(6).toString('hex')}`
  readonly #opened: Transport[]

  constructor(environment: ConformanceEnvironment, transport: Transport) {
    this.environment = environment
    this.transport = transport
    this.#opened = [transport]
  }

  /** One more connection to the same network. */
  async connect(options?: ConformanceConnectOptions): Promise<Transport> {
    const transport = await this.environment.connect(options)
    this.#opened.push(transport)
    return transport
  }

  /** A name for a log, bucket or durable. */
  name(base = 'n'): string {
    return `${base}-${this.#id}`
  }

  /** A subject or pattern of this test alone. */
  subject(rest: string): string {
    return `${this.#id}.${rest}`
  }

  /** Creates a log over `a.>`, `b.>` and so on of this test. */
  log(options: Partial<LogOptions> = {}, transport: Transport = this.transport): Promise<Log> {
    return transport.log(this.name('log'), { subjects: [this.subject('>')], ...options })
  }

  /** Creates the bucket of this test. */
  kv(options?: KvOptions, transport: Transport = this.transport): Promise<KeyValue> {
    return transport.kv(this.name('kv'), options)
  }

  /** Subscribes so that publishes of other connections reach it. */
  async subscribe(
    subject: string,
    transport: Transport = this.transport,
    options: Parameters<Transport['subscribe']>[1] = {},
  ): Promise<{ readonly subscription: Subscription; readonly reader: Reader<MessageOf> }> {
    const subscription = transport.subscribe(subject, options)
    await transport.flush()
    return { subscription, reader: this.read(subscription) }
  }

  read<T>(iterable: AsyncIterable<T>): Reader<T> {
    return new Reader(iterable, (ms) => this.elapse(ms))
  }

  /** Lets time pass. */
  async elapse(ms: number): Promise<void> {
    if (this.environment.elapse !== undefined) await this.environment.elapse(ms)
    else await new Promise((resolve) => setTimeout(resolve, ms))
  }

  /** Waits for a condition that comes true without more time of the clock. */
  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    // looks are counted, not time: a process that stands still loses no patience
    for (let looks = PATIENCE_MS / POLL_MS; !(await condition()); looks -= 1) {
      assert.ok(looks > 0, `never came true: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  async disconnect(transport: Transport): Promise<void> {
    const { environment } = this
    if (environment.disconnect === undefined) assert.fail('the environment cannot disconnect')
    await environment.disconnect(transport)
  }

  async reconnect(transport: Transport): Promise<void> {
    const { environment } = this
    if (environment.reconnect === undefined) assert.fail('the environment cannot reconnect')
    await environment.reconnect(transport)
  }

  async restart(): Promise<void> {
    const { environment } = this
    if (environment.restart === undefined) assert.fail('the environment cannot restart')
    await environment.restart()
    this.transport = await this.connect()
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((transport) => transport.close()))
  }
}

type MessageOf = Subscription extends AsyncIterable<infer M> ? M : never
