import { Client, type ClientTransport } from '../clients/client.ts'
import { ReplyError, RespServerError } from '../errors.ts'
import type { Table } from '../keyspace/table.ts'
import type { Bytes } from '../protocol/reply.ts'
import { LARGE_ARGUMENT_BYTES } from '../protocol/request-parser.ts'
import { type RespValue, ValueWriter } from '../protocol/value-writer.ts'
import { asBuffer, isAscii, readLatin1 } from '../values/latin1.ts'
import type { ServerContext } from './context.ts'
import type { Executor } from './executor.ts'
import { readQuickly } from './quick-read.ts'
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
  /** Pub/sub messages and other pushes; a line of MONITOR comes alone. */
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

function toBytes(argument: CommandArgument): Bytes {
  if (typeof argument === 'string') {
    return isAscii(argument) ? argument : readLatin1(Buffer.from(argument))
  }
  if (typeof argument !== 'object') return String(argument)
  // as the parser has them: large ones never become strings. The caller may go on to change its own
  if (argument.length >= LARGE_ARGUMENT_BYTES) return Buffer.from(argument)
  return readLatin1(asBuffer(argument))
}

/** A name, a key and perhaps one word more, all of ASCII: as they are, they are what {@link toBytes} makes of them. */
function areBytes(args: readonly CommandArgument[], table: Table): args is readonly string[] {
  const key = args[1]
  if (typeof key !== 'string' || !table.looksFor(key)) return false
  if (args.length === 2) return true
  const word = args[2]
  return args.length === 3 && typeof word === 'string' && isAscii(word)
}

/** A list that grows takes room for many at once: most requests are short. */
function allToBytes(args: readonly CommandArgument[]): Bytes[] {
  const { length } = args
  const name = toBytes(args[0] as CommandArgument)
  if (length === 2) return [name, toBytes(args[1] as CommandArgument)]
  if (length === 3) {
    return [name, toBytes(args[1] as CommandArgument), toBytes(args[2] as CommandArgument)]
  }
  const bytes: Bytes[] = [name]
  for (let at = 1; at < length; at += 1) bytes.push(toBytes(args[at] as CommandArgument))
  return bytes
}

/** The in-process client: requests skip the protocol, replies become values. */
export class DirectClient implements ClientTransport, InProcessClient {
  readonly address = 'in-process:0'
  readonly localAddress = 'in-process:0'
  readonly isUnixSocket = false
  readonly fileDescriptor = -1
  readonly outputBytes = 0
  readonly inputBytes = 0
  readonly client: Client
  onPush: ((items: RespValue[]) => void) | undefined
  readonly #host: InProcessHost
  readonly #writer: ValueWriter
  #waiting: Call[] = []
  /** The call whose command waits. */
  #current: Call | undefined
  #isAnswered = false
  #isRunning = false
  #answer: RespValue

  constructor(host: InProcessHost) {
    this.#host = host
    this.#writer = new ValueWriter(
      (value) => this.#answered(value),
      (items) => this.#pushed(items),
      host.context.statistics.countError,
    )
    this.client = new Client(host.context.clients.takeId(), host.context, this, this.#writer)
    // the program that embeds the server may do everything
    this.client.user = host.context.acl.owner
    this.client.isAuthenticated = true
    host.context.clients.add(this.client)
  }

  execute(args: readonly CommandArgument[], options?: ExecuteOptions): Promise<RespValue> {
    if (args.length === 0) return Promise.reject(new TypeError('execute: no command given'))
    if (this.client.isClosing) return Promise.reject(closedError())
    const buffers = options?.buffers === true
    if (this.#current !== undefined) return this.#enqueue(allToBytes(args), buffers)
    const promise = this.#reads(args, buffers)
      ? this.#settle(this.#answer)
      : this.#execute(allToBytes(args), buffers)
    this.#host.turn.end()
    return promise
  }

  flush(): void {}

  resume(): void {
    this.#host.turn.resumeLater(this)
  }

  /** Runs what came in while the client waited. */
  process(): void {
    while (this.#current === undefined) {
      const call = this.#waiting.shift()
      if (call === undefined) return
      if (this.#run(call.args, call.buffers)) {
        this.#settle(this.#answer).then(call.resolve, call.reject)
      } else this.#current = call
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

  #execute(args: readonly Bytes[], buffers: boolean): Promise<RespValue> {
    return this.#run(args, buffers) ? this.#settle(this.#answer) : this.#wait(args, buffers)
  }

  /** Whether the call was a short one that only reads, and has been answered. */
  #reads(args: readonly CommandArgument[], buffers: boolean): boolean {
    const { client } = this
    const { context, executor } = this.#host
    const name = args[0]
    const command = typeof name === 'string' ? executor.find(name) : undefined
    if (command?.isQuickRead !== true || !areBytes(args, client.database.table)) return false
    this.#begin(buffers)
    const isDone = readQuickly(context, executor, client, command, args)
    this.#isRunning = false
    if (isDone) executor.endOfCall()
    return isDone
  }

  #begin(buffers: boolean): void {
    this.#isAnswered = false
    this.#answer = undefined
    this.#writer.buffers = buffers
    this.#isRunning = true
  }

  /** True when the command has ended, which it does unless it waits. */
  #run(args: readonly Bytes[], buffers: boolean): boolean {
    this.#begin(buffers)
    this.#host.executor.execute(this.client, args)
    this.#isRunning = false
    this.#host.executor.endOfCall()
    // SUBSCRIBE answers by pushes alone, and CLIENT REPLY OFF not at all
    return this.#isAnswered || this.client.blocked === undefined
  }

  #enqueue(args: readonly Bytes[], buffers: boolean): Promise<RespValue> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ args, buffers, resolve, reject })
    })
  }

  #wait(args: readonly Bytes[], buffers: boolean): Promise<RespValue> {
    return new Promise((resolve, reject) => {
      this.#current = { args, buffers, resolve, reject }
    })
  }

  #answered(value: RespValue): void {
    const waiting = this.#current
    if (waiting === undefined && !this.#isRunning) {
      this.#pushed([value])
      return
    }
    if (waiting === undefined) {
      this.#isAnswered = true
      this.#answer = value
      return
    }
    this.#current = undefined
    // given from within the command that ended the wait: its changes are counted after it
    queueMicrotask(() => {
      this.#settle(value).then(waiting.resolve, waiting.reject)
    })
  }

  /** The promise for an answer: under `always` it waits until what it tells of is durable. */
  #settle(value: RespValue): Promise<RespValue> {
    const { durability, settings } = this.#host.context
    const isDurable = settings.appendfsync !== 'always' || durability.issued <= durability.durable
    if (isDurable) {
      return value instanceof ReplyError ? Promise.reject(value) : Promise.resolve(value)
    }
    return new Promise((resolve, reject) => {
      this.#host.whenDurable(durability.issued, (failure) => {
        if (failure !== undefined) reject(storeFailed(failure))
        else if (value instanceof ReplyError) reject(value)
        else resolve(value)
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
