import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeRequest } from './raw-client.ts'

export interface RawReplicaOptions {
  /** History and offset to go on from. */
  readonly from?: readonly [id: string, offset: number]
  /** Asked first, each answered with a line. */
  readonly greetings?: readonly (readonly string[])[]
}

/** Speaks what replicas speak, byte by byte, and keeps what it is sent. */
export class RawReplica {
  readonly socket: Socket
  /** What PSYNC was answered. */
  line = ''
  id = ''
  /** Of the last byte that came. */
  offset = 0
  snapshot: Buffer = Buffer.alloc(0)
  isClosed = false
  #bytes: Buffer = Buffer.alloc(0)
  #arrived: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#arrived?.()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#arrived?.()
    })
  }

  static async connect(port: number, options: RawReplicaOptions = {}): Promise<RawReplica> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const replica = new RawReplica(socket)
    const capabilities = ['REPLCONF', 'capa', 'eof', 'capa', 'psync2']
    const port0 = ['REPLCONF', 'listening-port', '7777']
    for (const words of [...(options.greetings ?? []), port0, capabilities]) {
      replica.send(...words)
      const answer = await replica.#line()
      if (!answer.startsWith('+')) throw new Error(`${words[0]} is answered ${answer}`)
    }
    const [id, offset] = options.from ?? ['?', -2]
    replica.send('PSYNC', id, String(offset + 1))
    await replica.#begin(offset)
    return replica
  }

  send(...words: string[]): void {
    this.socket.write(encodeRequest(words))
  }

  acknowledge(): void {
    this.send('REPLCONF', 'ACK', String(this.offset))
  }

  /** Waits for so many more commands, each as its words with spaces between. PING does not count. */
  async next(count: number): Promise<string[]> {
    const found: string[] = []
    while (found.length < count) {
      const words = await this.#command()
      if (words[0] !== 'PING') found.push(words.join(' '))
    }
    return found
  }

  /** Everything up to this command, without it. */
  async until(last: string): Promise<string[]> {
    const found: string[] = []
    for (;;) {
      const [command = ''] = await this.next(1)
      if (command === last) return found
      found.push(command)
    }
  }

  close(): void {
    this.socket.destroy()
  }

  async #begin(offset: number): Promise<void> {
    this.line = await this.#line()
    const [word, id = '', start] = this.line.split(' ')
    if (word === '+CONTINUE') {
      this.id = id
      this.offset = offset
      return
    }
    if (word !== '+FULLRESYNC') return
    this.id = id
    this.offset = Number(start)
    const size = Number((await this.#line()).slice(1))
    this.snapshot = await this.#take(size)
  }

  async #command(): Promise<string[]> {
    const head = await this.#line()
    let bytes = head.length + 2
    const words: string[] = []
    for (let left = Number(head.slice(1)); left > 0; left -= 1) {
      const length = await this.#line()
      const word = await this.#take(Number(length.slice(1)) + 2)
      bytes += length.length + 2 + word.length
      words.push(word.toString('latin1', 0, word.length - 2))
    }
    this.offset += bytes
    return words
  }

  /** Empty lines only say that the other side lives. */
  async #line(): Promise<string> {
    for (;;) {
      const line = await this.#anyLine()
      if (line !== '') return line
    }
  }

  async #anyLine(): Promise<string> {
    let end = this.#bytes.indexOf('\n')
    for (; end === -1; end = this.#bytes.indexOf('\n')) await this.#more()
    return (await this.#take(end + 1)).toString('latin1', 0, end).replace(/\r$/, '')
  }

  async #take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) await this.#more()
    const taken = this.#bytes.subarray(0, count)
    this.#bytes = this.#bytes.subarray(count)
    return taken
  }

  async #more(): Promise<void> {
    if (this.isClosed) throw new Error('the connection was closed')
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#arrived = resolve
    await promise
  }
}
