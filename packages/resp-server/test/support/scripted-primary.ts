import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { RequestParser } from '../../src/protocol/request-parser.ts'
import { encodeRequest } from './raw-client.ts'

/** An empty RDB file of Redis 7, without a checksum. */
const EMPTY_RDB = Buffer.from('REDIS0010\xff\0\0\0\0\0\0\0\0', 'latin1')

/** A primary that says what a test tells it to: for what a real one says too seldom. */
export class ScriptedPrimary {
  readonly port: number
  /** What followers asked for, newest last. */
  readonly requests: string[][] = []
  /** Answers PSYNC; the default is an empty snapshot at offset 0 of `id`. */
  onPsync: (socket: Socket, args: readonly string[]) => void
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, id: string) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.onPsync = (socket) => {
      socket.write(`+FULLRESYNC ${id} 0\r\n$${EMPTY_RDB.length}\r\n`)
      socket.write(EMPTY_RDB)
    }
    server.on('connection', (socket) => this.#serve(socket))
  }

  static async start(id: string): Promise<ScriptedPrimary> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new ScriptedPrimary(server, id)
  }

  /** To all followers. */
  send(...requests: readonly (readonly string[])[]): void {
    for (const socket of this.#sockets) {
      for (const request of requests) socket.write(encodeRequest(request))
    }
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    const parser = new RequestParser(1024)
    socket.on('data', (chunk: Buffer) => {
      parser.feed(chunk, chunk.length)
      for (let request = parser.next(); request !== undefined; request = parser.next()) {
        if (request.length > 0) this.#answer(socket, request.map(String))
      }
    })
  }

  #answer(socket: Socket, request: string[]): void {
    this.requests.push(request)
    if (request[0] === 'PSYNC') this.onPsync(socket, request)
    else if (request[1] !== 'ACK') socket.write('+OK\r\n')
  }
}
