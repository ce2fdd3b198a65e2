import { connect, type Socket } from 'node:net'
import type { Clock } from '@ashlar/codec'
import type { Bytes } from '../protocol/reply.ts'

/** The commands sent here are answered in a line. */
const MAX_LINE_BYTES = 64 * 1024

/** A connection to another server, for commands that are answered in a line: one at a time. */
export class Peer {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #timeoutMs: number
  #text = ''
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined
  #failure: Error | undefined

  private constructor(socket: Socket, clock: Clock, timeoutMs: number) {
    this.#socket = socket
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#receive(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
  }

  /** Rejects when it cannot be connected within the time, which each answer has as well. */
  static async connect(host: string, port: number, timeoutMs: number, clock: Clock): Promise<Peer> {
    const socket = connect(port, host)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.once('connect', resolve)
    socket.once('error', reject)
    const timer = clock.setTimer(() => reject(new Error('no connection in time')), timeoutMs)
    try {
      await promise
      return new Peer(socket, clock, timeoutMs)
    } catch (error) {
      // errors that come after the first one say nothing new
      socket.on('error', () => {})
      socket.destroy()
      throw error
    } finally {
      timer.cancel()
    }
  }

  /** The answer without its line end, `+` or `-` in front. */
  async call(...args: readonly Bytes[]): Promise<string> {
    if (this.#failure !== undefined) throw this.#failure
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#waiting = { resolve, reject }
    this.#socket.write(encode(args))
    const timer = this.#clock.setTimer(
      () => this.#fail(new Error('no answer in time')),
      this.#timeoutMs,
    )
    try {
      return await promise
    } finally {
      timer.cancel()
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: string): void {
    this.#text += chunk
    const end = this.#text.indexOf('\r\n')
    if (end === -1) {
      if (this.#text.length > MAX_LINE_BYTES) this.#fail(new Error('the answer is no line'))
      return
    }
    const line = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 2)
    this.#waiting?.resolve(line)
    this.#waiting = undefined
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
    this.#waiting = undefined
    this.#socket.destroy()
  }
}

function encode(args: readonly Bytes[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const argument of args) {
    const bytes = typeof argument === 'string' ? Buffer.from(argument, 'latin1') : argument
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(pieces)
}
