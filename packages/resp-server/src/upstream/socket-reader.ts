import type { Readable } from 'node:stream'

const MAX_LINE_BYTES = 64 * 1024

/** Pulls from a socket, so that it is read no faster than what was read is worked on. */
export class SocketReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Readable) {
    this.#chunks = socket[Symbol.asyncIterator]()
  }

  /** What has come, at least one byte. Rejects when the other side has closed. */
  async some(): Promise<Buffer> {
    if (this.#rest.length > 0) {
      const rest = this.#rest
      this.#rest = Buffer.alloc(0)
      return rest
    }
    const { value, done } = await this.#chunks.next()
    if (done === true) throw new Error('the connection was closed')
    return value as Buffer
  }

  /** Puts back what was read too far. */
  unread(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([bytes, this.#rest])
  }

  /** The next line that is not empty: empty ones only say that the other side lives. */
  async line(): Promise<string> {
    let gathered = Buffer.alloc(0)
    for (;;) {
      gathered = Buffer.concat([gathered, await this.some()])
      for (let end = gathered.indexOf('\n'); end !== -1; end = gathered.indexOf('\n')) {
        const line = gathered.toString('latin1', 0, end).replace(/\r$/, '')
        gathered = gathered.subarray(end + 1)
        if (line === '') continue
        this.unread(gathered)
        return line
      }
      if (gathered.length > MAX_LINE_BYTES) throw new Error('an answer without an end')
    }
  }
}
