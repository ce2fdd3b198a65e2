import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, TLSSocket, Server as TlsServer } from 'node:tls'
import { RespServerError } from '../errors.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import { READ_BUFFER_BYTES, withSharedBuffer } from './shared-read.ts'
import type { TlsSource } from './tls.ts'

export interface ListenTarget {
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly pathMode?: number
  /** Connections are encrypted. */
  readonly tls?: TlsSource | undefined
}

/** A client that does not end its handshake by then is closed. */
const HANDSHAKE_TIMEOUT_MS = 10_000

export type ReadPath = 'shared' | 'stream'

/** Accepts sockets on one address and makes connections of them. */
export class Listener {
  /** As it was asked for: {@link port} is where it is. */
  readonly target: ListenTarget
  readonly #server: Server
  readonly #host: ConnectionHost
  readonly #readPath: ReadPath
  readonly #path: string | undefined
  readonly #onConnection: (connection: Connection) => void
  readonly #refuse: (beginning: number) => string | undefined
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  /** Connections that are not through their handshake. */
  #beginning = 0

  private constructor(
    host: ConnectionHost,
    target: ListenTarget,
    readPath: ReadPath,
    onConnection: (connection: Connection) => void,
    refuse: (beginning: number) => string | undefined,
  ) {
    this.target = target
    this.#host = host
    // the handle of an encrypted socket has the bytes before they are decrypted
    this.#readPath = target.tls === undefined ? readPath : 'stream'
    this.#path = target.path
    this.#onConnection = onConnection
    this.#refuse = refuse
    const pauseOnConnect = this.#readPath === 'shared'
    this.#server =
      target.tls === undefined
        ? createServer({ noDelay: true, pauseOnConnect }, (socket) => this.#accept(socket))
        : this.#createTlsServer(target.tls)
  }

  /** `refuse` answers the error line for a connection that is one too many. */
  static async open(
    host: ConnectionHost,
    target: ListenTarget,
    readPath: ReadPath,
    onConnection: (connection: Connection) => void,
    refuse: (beginning: number) => string | undefined,
  ): Promise<Listener> {
    const where = target.path ?? `${target.host}:${target.port}`
    const failure = (cause: unknown): RespServerError =>
      new RespServerError('LISTEN_FAILED', `cannot listen on ${where}`, { cause })
    let listener: Listener
    try {
      listener = new Listener(host, target, readPath, onConnection, refuse)
    } catch (cause) {
      // keys and certificates
      throw failure(cause)
    }
    if (target.path !== undefined) rmSync(target.path, { force: true })
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error): void => reject(failure(cause))
      listener.#server.once('error', failed)
      const { host: address, port, path } = target
      const place = path === undefined ? { host: address, port } : { path }
      listener.#server.listen({ ...place, backlog: 511 }, () => {
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

  get isEncrypted(): boolean {
    return this.#server instanceof TlsServer
  }

  /** New keys and certificates, for connections from now on. Throws when they cannot be used. */
  renew(tls: TlsSource): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(tls.load())
  }

  /** Accepts no more. Connections stay as they are. */
  close(): void {
    this.#server.close()
    if (this.#path !== undefined) rmSync(this.#path, { force: true })
  }

  #createTlsServer(tls: TlsSource): TlsServer {
    const options = { ...tls.load(), noDelay: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }
    const server = createTlsServer(options, (socket) => {
      this.#beginning -= 1
      // who may do without a certificate may not show a wrong one
      const isRefused = !socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0
      if (isRefused) socket.destroy()
      else this.#accept(socket)
    })
    // each connection comes to one of the two, secure or failed
    server.on('tlsClientError', (error) => {
      this.#beginning -= 1
      this.#host.context.logger.debug('a handshake failed', { error: error.message })
    })
    server.on('connection', (socket: Socket) => {
      this.#beginning += 1
      if (this.#refuse(this.#beginning - 1) !== undefined) socket.destroy()
    })
    return server
  }

  #accept(accepted: Socket): void {
    const refusal = this.#refuse(0)
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
    const isEncrypted = accepted instanceof TLSSocket
    connection = new Connection(shared ?? accepted, this.#host, this.#path, isEncrypted)
    this.#onConnection(connection)
    if (shared === undefined) {
      accepted.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length))
    } else {
      shared.read(0)
    }
  }
}
