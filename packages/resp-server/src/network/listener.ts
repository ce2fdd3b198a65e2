import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { RespServerError } from '../errors.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import { READ_BUFFER_BYTES, withSharedBuffer } from './shared-read.ts'

export interface ListenTarget {
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly pathMode?: number
}

export type ReadPath = 'shared' | 'stream'

/** Accepts sockets on one address and makes connections of them. */
export class Listener {
  readonly #server: Server
  readonly #host: ConnectionHost
  readonly #readPath: ReadPath
  readonly #path: string | undefined
  readonly #onConnection: (connection: Connection) => void
  readonly #refuse: () => string | undefined
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)

  private constructor(
    host: ConnectionHost,
    readPath: ReadPath,
    path: string | undefined,
    onConnection: (connection: Connection) => void,
    refuse: () => string | undefined,
  ) {
    this.#host = host
    this.#readPath = readPath
    this.#path = path
    this.#onConnection = onConnection
    this.#refuse = refuse
    const pauseOnConnect = readPath === 'shared'
    this.#server = createServer({ noDelay: true, pauseOnConnect }, (socket) => this.#accept(socket))
  }

  /** `refuse` answers the error line for a connection that is one too many. */
  static async open(
    host: ConnectionHost,
    target: ListenTarget,
    readPath: ReadPath,
    onConnection: (connection: Connection) => void,
    refuse: () => string | undefined,
  ): Promise<Listener> {
    const listener = new Listener(host, readPath, target.path, onConnection, refuse)
    if (target.path !== undefined) rmSync(target.path, { force: true })
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error): void => {
        const where = target.path ?? `${target.host}:${target.port}`
        reject(new RespServerError('LISTEN_FAILED', `cannot listen on ${where}`, { cause }))
      }
      listener.#server.once('error', failed)
      listener.#server.listen({ ...target, backlog: 511 }, () => {
        listener.#server.removeListener('error', failed)
        listener.#server.on('error', (error) => {
          host.context.logger.warn('listener error', { error: error.message })
        })
        resolve()
      })
    })
    if (target.path !== undefined && target.pathMode) chmodSync(target.path, target.pathMode)
    return listener
  }

  /** The TCP port; undefined for a Unix socket. */
  get port(): number | undefined {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : undefined
  }

  /** Accepts no more. Connections stay as they are. */
  close(): void {
    this.#server.close()
    if (this.#path !== undefined) rmSync(this.#path, { force: true })
  }

  #accept(accepted: Socket): void {
    const refusal = this.#refuse()
    if (refusal !== undefined) {
      accepted.on('error', () => {})
      accepted.end(`-${refusal}\r\n`)
      return
    }
    const keepAlive = this.#host.context.settings.tcpKeepaliveSeconds
    if (keepAlive > 0 && this.#path === undefined) accepted.setKeepAlive(true, keepAlive * 1000)
    let connection: Connection | undefined
    const shared =
      this.#readPath === 'shared'
        ? withSharedBuffer(accepted, this.#buffer, (length) =>
            connection?.receive(this.#buffer, length),
          )
        : undefined
    connection = new Connection(shared ?? accepted, this.#host, this.#path)
    this.#onConnection(connection)
    if (shared === undefined) {
      accepted.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length))
    } else {
      shared.read(0)
    }
  }
}
