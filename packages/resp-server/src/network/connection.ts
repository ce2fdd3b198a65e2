import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Client, type ClientTransport } from '../clients/client.ts'
import type { ClientMemory } from '../clients/client-memory.ts'
import type { OutputLimit } from '../config/settings.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { ReplyMemory } from '../protocol/reply-memory.ts'
import { ProtocolError, RequestParser } from '../protocol/request-parser.ts'
import { RespWriter } from '../protocol/resp-writer.ts'
import type { ServerContext } from '../server/context.ts'
import type { Executor } from '../server/executor.ts'
import type { Turn } from '../server/turn.ts'
import { readNow } from './busy-read.ts'
import { writeNow } from './write-now.ts'

/** Requests of a waiting client that are kept in memory before its socket is no longer read. */
const MAX_HELD_INPUT_BYTES = 1024 * 1024

/** Replies of one client that are more than this do not wait for the requests of others. */
const SENT_AT_ONCE_BYTES = 64 * 1024

/** Where requests go that are read while a script holds the event loop. */
const BUSY_BUFFER = 16 * 1024
let busyBuffer: Buffer | undefined

const NO_LIMIT = Number.POSITIVE_INFINITY

/** What a connection needs of the server around it. */
export interface ConnectionHost {
  readonly context: ServerContext
  readonly executor: Executor
  readonly turn: Turn
  readonly replyMemory: ReplyMemory
  readonly clientMemory: ClientMemory
  closed(connection: Connection): void
}

/** Replies that must not leave before the changes up to a ticket are durable. */
interface HeldOutput {
  readonly ticket: number
  readonly chunks: readonly Buffer[]
}

/** What most connections hold, and nothing else may: it is shared. */
const NOTHING_HELD: HeldOutput[] = []
/** Of a socket that is closed. */
const UNKNOWN_ADDRESS = '?:0'
/** A socket that fails is closed, which is all that is to be known of it. */
const ignore = (): void => {}

/** One socket: bytes in, requests to the executor, one write per turn out. */
export class Connection implements ClientTransport {
  readonly client: Client
  readonly #socket: Socket
  /** The descriptor is of bytes that no request or reply may be read from or written to. */
  readonly #isEncrypted: boolean
  readonly #host: ConnectionHost
  readonly #parser: RequestParser
  readonly #writer: RespWriter
  readonly #unixPath: string | undefined
  #address: string | undefined
  /** Where replies go past the stream; -1: nowhere. To ask the handle each time is a call out. */
  #descriptor: number | undefined
  #held: HeldOutput[] = NOTHING_HELD
  #heldBytes = 0
  #willFlush = false
  #willResume = false
  #isPaused = false
  #closeAfterReply = false
  #overSoftLimitSince = 0

  constructor(
    socket: Socket,
    host: ConnectionHost,
    unixPath: string | undefined,
    isEncrypted: boolean,
  ) {
    const { context } = host
    this.#socket = socket
    this.#isEncrypted = isEncrypted
    this.#host = host
    this.#unixPath = unixPath
    this.#parser = new RequestParser(context.settings.protoMaxBulkLen)
    this.#writer = new RespWriter(host.replyMemory, context.statistics.countError)
    this.client = new Client(context.clients.takeId(), context, this, this.#writer)
    socket.on('error', ignore)
    socket.on('close', () => host.closed(this))
    socket.on('end', () => this.close('now'))
  }

  get isUnixSocket(): boolean {
    return this.#unixPath !== undefined
  }

  /** Asked of the system when somebody wants to know: most connections come and go without. */
  get address(): string {
    if (this.#unixPath !== undefined) return `${this.#unixPath}:0`
    const { remoteAddress, remotePort } = this.#socket
    if (remoteAddress !== undefined) this.#address ??= `${remoteAddress}:${remotePort}`
    return this.#address ?? UNKNOWN_ADDRESS
  }

  get localAddress(): string {
    if (this.#unixPath !== undefined) return `${this.#unixPath}:0`
    const { localAddress, localPort } = this.#socket
    return localAddress === undefined ? UNKNOWN_ADDRESS : `${localAddress}:${localPort}`
  }

  get fileDescriptor(): number {
    // the handle has it, and Node does not document it
    const handle: unknown = Reflect.get(this.#socket, '_handle')
    const fd = handle instanceof Object ? Reflect.get(handle, 'fd') : undefined
    return typeof fd === 'number' ? fd : -1
  }

  get outputBytes(): number {
    return this.#socket.writableLength + this.#writer.size + this.#heldBytes
  }

  get inputBytes(): number {
    return this.#parser.pendingBytes
  }

  /** A chunk has arrived. Its memory may be reused when this returns. */
  receive(chunk: Buffer, length: number): void {
    const { context } = this.#host
    context.statistics.inputBytes += length
    this.#parser.feed(chunk, length)
    if (this.client.blocked === undefined) this.process()
    else {
      this.#parser.keep()
      this.#noteMemory()
    }
    if (this.#parser.pendingBytes > context.settings.clientQueryBufferLimit) {
      context.statistics.queryBufferDisconnections += 1
      this.close('now')
    } else if (this.client.blocked !== undefined || context.durability.isOverloaded) {
      if (this.#parser.pendingBytes > MAX_HELD_INPUT_BYTES || context.durability.isOverloaded) {
        this.pause()
      }
    }
    this.#host.turn.end()
  }

  /** Runs the requests that are complete, until one of them has to wait. */
  process(): void {
    this.#willResume = false
    const { client } = this
    const parser = this.#parser
    const { executor, context, clientMemory, turn } = this.#host
    const { timing } = context
    parser.resume()
    parser.authenticated = client.isAuthenticated
    parser.maxBulkBytes = context.settings.protoMaxBulkLen
    parser.useNames(client.database.table)
    this.#writer.limit = this.#roomForReplies()
    executor.begin()
    turn.begin(timing.lookedAt)
    try {
      while (client.blocked === undefined && !client.isClosing) {
        const request = parser.next()
        if (request === undefined) break
        if (request.length === 0) {
          // a replica that loads a snapshot says so
          context.downstream.heard(client)
          continue
        }
        if (clientMemory.isLimited && !this.#mayTake(request)) break
        executor.execute(client, request)
        parser.authenticated = client.isAuthenticated
        if (turn.isLong(timing.lookedAt) || this.#writer.size > SENT_AT_ONCE_BYTES) this.#sendNow()
      }
      parser.keep()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#writer.error(`ERR Protocol error: ${error.message}`)
      this.close('after-reply')
    }
    // a table that is dropped must not be held on to
    parser.useNames(undefined)
    this.#writer.limit = NO_LIMIT
    executor.end()
    if (client.blocked === undefined && this.#isPaused && !context.durability.isOverloaded) {
      this.unpause()
    }
    this.flush()
  }

  /**
   * A script is over its time, and the event loop is not running: takes the requests that the
   * socket has, and answers them at once. Not for a connection with replies under way, which
   * would be overtaken.
   */
  serveWhileBusy(): void {
    const { client } = this
    if (client.blocked !== undefined || client.isClosing || this.#isPaused) return
    if (this.#isEncrypted) return
    if (!this.#writer.isEmpty || this.outputBytes > 0) return
    busyBuffer ??= Buffer.allocUnsafeSlow(BUSY_BUFFER)
    const length = readNow(this.#socket, busyBuffer)
    if (length === 0) return
    const { executor, context } = this.#host
    context.statistics.inputBytes += length
    this.#parser.feed(busyBuffer, length)
    try {
      for (let request = this.#parser.next(); request !== undefined; ) {
        if (request.length > 0) executor.executeWhileBusy(client, request)
        request = client.isClosing ? undefined : this.#parser.next()
      }
      this.#parser.keep()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#writer.error(`ERR Protocol error: ${error.message}`)
      this.close('after-reply')
    }
    this.#writeChunks(this.#writer.takeChunks())
  }

  #sendNow(): void {
    const { turn, context } = this.#host
    this.flush()
    turn.sendNow(context.timing.lookedAt)
  }

  flush(): void {
    if (this.#willFlush) return
    this.#willFlush = true
    this.#host.turn.flushLater(this)
  }

  resume(): void {
    if (this.#willResume) return
    this.#willResume = true
    this.#host.turn.resumeLater(this)
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
  }

  unpause(): void {
    if (!this.#isPaused || this.#socket.destroyed) return
    this.#isPaused = false
    this.#socket.resume()
  }

  async deliver(head: string, content: Readable): Promise<void> {
    this.#writeChunks([...this.#writer.takeChunks(), Buffer.from(head)])
    await pipeline(content, this.#socket)
  }

  close(how: 'after-reply' | 'now'): void {
    this.client.isClosing = true
    if (how === 'now') {
      this.#socket.destroy()
      return
    }
    this.#closeAfterReply = true
    this.flush()
  }

  abandon(): void {
    this.#willFlush = false
    this.close('now')
  }

  /** Writes what has gathered, or holds it until the changes that it tells of are durable. */
  send(): void {
    this.#willFlush = false
    const { durability, settings, statistics } = this.#host.context
    if (this.#isOverHardLimit()) return
    const mustWait = settings.appendfsync === 'always' && durability.issued > durability.durable
    if ((mustWait || this.#held.length > 0) && !this.#writer.isEmpty) {
      const chunks = this.#writer.takeChunks()
      const bytes = sizeOf(chunks)
      this.#heldBytes += bytes
      statistics.outputBytes += bytes
      if (this.#held === NOTHING_HELD) this.#held = []
      this.#held.push({ ticket: durability.issued, chunks })
    } else if (!this.#writer.isEmpty) {
      statistics.outputBytes += this.#writer.size
      if (this.#writer.isWhole) this.#writeWhole()
      else this.#writeChunks(this.#writer.takeChunks())
    }
    this.checkSoftLimit()
    this.#noteMemory()
    if (this.#closeAfterReply && this.#held.length === 0) this.#socket.end(() => this.close('now'))
  }

  /** False when the client was closed for what it takes together with this request. */
  #mayTake(request: readonly Bytes[]): boolean {
    this.#host.clientMemory.changed(this.client, sizeOf(request))
    return !this.client.isClosing
  }

  #noteMemory(): void {
    const { clientMemory } = this.#host
    if (clientMemory.isLimited) clientMemory.changed(this.client)
  }

  /** True while replies wait for durability. */
  get isHolding(): boolean {
    return this.#held.length > 0
  }

  /** Lets go of replies whose changes are durable now. */
  release(durable: number): void {
    let count = 0
    for (const { ticket, chunks } of this.#held) {
      if (ticket > durable) break
      count += 1
      this.#heldBytes -= sizeOf(chunks)
      this.#writeChunks(chunks)
    }
    this.#held.splice(0, count)
    if (this.#closeAfterReply && this.#held.length === 0) this.flush()
  }

  /** All that waits, from the memory that it was gathered in. */
  #writeWhole(): void {
    const { bytes, size } = this.#writer
    this.#descriptor ??= this.#isEncrypted ? -1 : this.fileDescriptor
    const written = writeNow(this.#socket, this.#descriptor, bytes, size)
    // the stream may keep it longer than the memory is ours
    if (written < size) this.#socket.write(Buffer.from(bytes.subarray(written, size)))
    this.#writer.clear()
  }

  #writeChunks(chunks: readonly Buffer[]): void {
    const socket = this.#socket
    if (chunks.length > 1) socket.cork()
    for (const chunk of chunks) socket.write(chunk)
    if (chunks.length > 1) socket.uncork()
  }

  get #outputLimit(): OutputLimit {
    const { settings } = this.#host.context
    return this.client.isSubscriber ? settings.pubsubOutputLimit : settings.normalOutputLimit
  }

  /** What the replies of one process may come to: one that is larger is not made to its end. */
  #roomForReplies(): number {
    const { hardBytes } = this.#outputLimit
    if (hardBytes === 0) return NO_LIMIT
    return Math.max(0, hardBytes - this.#socket.writableLength - this.#heldBytes)
  }

  /** More than may wait, the new replies too: closes, and sends none of them. */
  #isOverHardLimit(): boolean {
    const { hardBytes } = this.#outputLimit
    if (hardBytes === 0) return false
    if (!this.#writer.isFull && this.outputBytes <= hardBytes) return false
    if (!this.#socket.destroyed) this.#closeForOutput()
    return true
  }

  /** Closes when much has waited for long: asked after each write, and now and then. */
  checkSoftLimit(): void {
    const { softBytes, softSeconds } = this.#outputLimit
    if (softBytes === 0 || this.outputBytes <= softBytes) {
      this.#overSoftLimitSince = 0
      return
    }
    const { keyspace } = this.#host.context
    if (this.#overSoftLimitSince === 0) this.#overSoftLimitSince = keyspace.now
    if (keyspace.now - this.#overSoftLimitSince >= softSeconds * 1000) this.#closeForOutput()
  }

  #closeForOutput(): void {
    this.#host.context.statistics.outputBufferDisconnections += 1
    this.close('now')
  }
}

const sizeOf = (chunks: readonly Bytes[]): number =>
  chunks.reduce((sum, chunk) => sum + chunk.length, 0)
