import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** End of the reply that starts at `at`, or -1 when it is not whole yet. */
function replyEnd(bytes: Buffer, at: number): number {
  const line = bytes.indexOf('\r\n', at)
  if (line === -1) return -1
  const kind = String.fromCharCode(bytes[at] as number)
  const next = line + 2
  const count = Number(bytes.toString('latin1', at + 1, line))
  if ('+-:_,#('.includes(kind)) return next
  if ('$=!'.includes(kind)) {
    if (count < 0) return next
    return next + count + 2 <= bytes.length ? next + count + 2 : -1
  }
  let elements = kind === '%' ? count * 2 : Math.max(0, count)
  let end = next
  while (elements > 0) {
    end = replyEnd(bytes, end)
    if (end === -1) return -1
    elements -= 1
  }
  return end
}

export function encodeRequest(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const argument of args) {
    const bytes = typeof argument === 'string' ? Buffer.from(argument, 'latin1') : argument
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

/** A connection that shows replies as the bytes that they are. */
export class RawClient {
  readonly socket: Socket
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #waiting: ((reply: string) => void)[] = []
  #ready: string[] = []
  isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      for (const resolve of this.#waiting) resolve('closed')
      this.#waiting = []
    })
  }

  static async connect(target: number | string): Promise<RawClient> {
    const socket = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target)
    socket.setNoDelay(true)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes, 'latin1')
  }

  /** The next reply as latin1 text, or 'closed'. */
  next(): Promise<string> {
    const ready = this.#ready.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    if (this.isClosed) return Promise.resolve('closed')
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Replies that have arrived and were not asked for yet. */
  get pending(): number {
    return this.#ready.length
  }

  call(...args: (string | Buffer)[]): Promise<string> {
    this.write(encodeRequest(args))
    return this.next()
  }

  /** Sends all at once and collects one reply for each. */
  async pipeline(requests: readonly (readonly (string | Buffer)[])[]): Promise<string[]> {
    this.write(Buffer.concat(requests.map(encodeRequest)))
    const replies: string[] = []
    for (let count = 0; count < requests.length; count += 1) replies.push(await this.next())
    return replies
  }

  close(): void {
    this.socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#bytes =
      this.#at < this.#bytes.length ? Buffer.concat([this.#bytes.subarray(this.#at), chunk]) : chunk
    this.#at = 0
    for (;;) {
      const end = this.#at < this.#bytes.length ? replyEnd(this.#bytes, this.#at) : -1
      if (end === -1) return
      const reply = this.#bytes.toString('latin1', this.#at, end)
      this.#at = end
      const resolve = this.#waiting.shift()
      if (resolve === undefined) this.#ready.push(reply)
      else resolve(reply)
    }
  }
}
