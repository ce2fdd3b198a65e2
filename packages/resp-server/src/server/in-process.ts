import { Client, type ClientTransport } from '../clients/client.ts'
import { ReplyError, RespServerError } from '../errors.ts'
import type { Bytes } from '../protocol/reply.ts'
import { type RespValue, ValueWriter } from '../protocol/value-writer.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import type { ServerContext } from './context.ts'
import type { Executor } from './executor.ts'
import type { Turn } from './turn.ts'

/** An argument: strings go as UTF-8, numbers in decimal. */
export type CommandArgument = string | number | bigint | Uint8Array

export interface ExecuteOptions {
  /** Bulk strings come as Buffers instead of UTF-8 strings. */
  readonly buffers?: boolean
}

/** A session without a socket: its own database, transaction, subscriptions and waits. */
export interface InProcessClient {
  /**
   * Runs a command and resolves with its reply, under `appendfsync always` when it is durable.
   * Rejects with a ReplyError for an error reply. Commands of one client run in order.
   */
  execute(args: readonly CommandArgument[], options?: ExecuteOptions): Promise<RespValue>
  /** Pub/sub messages and other pushes. */
  onPush: ((items: RespValue[]) => void) | undefined
  close(): void
}

export interface InProcessHost {
  readonly context: ServerContext
  readonly executor: Executor
  readonly turn: Turn
  /** Calls back once the changes up to the ticket are durable. */
  whenDurable(ticket: number, done: (failure: Error | undefined) => void): void
  clientClosed(client: Client): void
}

interface Call {
  readonly args: readonly Bytes[]
  readonly buffers: boolean
  readonly resolve: (value: RespValue) => void
  readonly reject: (error: Error) => void
}

const NOT_ASCII = /[^\0-\x7f]/

function toBytes(argument: CommandArgument): Bytes {
  if (typeof argument === 'string') {
    return NOT_ASCII.test(argument) ? readLatin1(Buffer.from(argument)) : argument
  }
  if (typeof argument !== 'object') return String(argument)
  return readLatin1(asBuffer(argument))
}

/** The in-process client: requests skip the protocol, replies become values. */
export class DirectClient implements ClientTransport, InProcessClient {
  readonly address = 'in-process:0'
  readonly localAddress = 'in-process:0'
  readonly isUnixSocket = false
  readonly outputBytes = 0
  readonly inputBytes = 0
  readonly client: Client
  onPush: ((items: RespValue[]) => void) | undefined
  readonly #host: InProcessHost
  readonly #writer: ValueWriter
  #waiting: Call[] = []
  #current: Call | undefined

  constructor(host: InProcessHost) {
    this.#host = host
    this.#writer = new ValueWriter(
      (value) => this.#answer(value),
      (items) => this.#pushed(items),
      (line) => host.context.statistics.countError(line),
    )
    this.client = new Client(host.context.clients.takeId(), host.context, this, this.#writer)
    this.client.isAuthenticated = true
    host.context.clients.add(this.client)
  }

  execute(args: readonly CommandArgument[], options?: ExecuteOptions): Promise<RespValue> {
    if (args.length === 0) return Promise.reject(new TypeError('execute: no command given'))
    return new Promise((resolve, reject) => {
      const call = { args: args.map(toBytes), buffers: options?.buffers === true, resolve, reject }
      if (this.client.isClosing) reject(closedError())
      else if (this.#current !== undefined) this.#waiting.push(call)
      else {
        this.#run(call)
        this.#host.turn.end()
      }
    })
  }

  flush(): void {}

  resume(): void {
    this.#host.turn.resumeLater(this)
  }

  /** Runs what came in while the client waited. */
  process(): void {
    while (this.#current === undefined) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#run(next)
    }
  }

  close(): void {
    if (this.client.isClosing) return
    this.client.isClosing = true
    const calls = this.#current === undefined ? this.#waiting : [this.#current, ...this.#waiting]
    this.#waiting = []
    this.#current = undefined
    this.#host.clientClosed(this.client)
    for (const call of calls) call.reject(closedError())
  }

  #run(call: Call): void {
    this.#current = call
    this.#writer.buffers = call.buffers
    this.#host.executor.execute(this.client, call.args)
    // SUBSCRIBE answers by pushes alone, and CLIENT REPLY OFF not at all
    if (this.#current === call && this.client.blocked === undefined) this.#answer(undefined)
  }

  #answer(value: RespValue): void {
    const call = this.#current
    if (call === undefined) return
    this.#current = undefined
    const { durability, settings } = this.#host.context
    const finish = (): void => {
      if (value instanceof ReplyError) call.reject(value)
      else call.resolve(value)
    }
    // the reply is given from inside of the command: its changes may not be counted yet
    queueMicrotask(() => {
      if (!durability.isUnwritten && settings.appendfsync !== 'always') return finish()
      if (durability.issued <= durability.durable) return finish()
      this.#host.whenDurable(durability.issued, (failure) => {
        if (failure === undefined) finish()
        else call.reject(storeFailed(failure))
      })
    })
  }

  #pushed(items: RespValue[]): void {
    this.onPush?.(items)
  }
}

const closedError = (): RespServerError =>
  new RespServerError('SERVER_CLOSED', 'the client or its server is closed')

const storeFailed = (cause: Error): RespServerError =>
  new RespServerError('STORE_FAILED', 'the change could not be made durable', { cause })
