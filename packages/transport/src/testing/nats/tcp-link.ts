import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A TCP relay that can be cut: the network between a client, or a leaf node, and its server.
 * While cut, open connections are gone and new ones are closed at once.
 */
export class TcpLink {
  readonly #server: Server
  readonly #target: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #port = 0
  #isCut = false

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((socket) => this.#accept(socket))
  }

  /** Listens on a free port of 127.0.0.1 and passes everything on to the target port. */
  static async open(targetPort: number): Promise<TcpLink> {
    const link = new TcpLink(targetPort)
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject)
      link.#server.listen(0, '127.0.0.1', resolve)
    })
    const address = link.#server.address()
    link.#port = typeof address === 'object' && address !== null ? address.port : 0
    return link
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`
  }

  /** Cuts it. Resolves when both ends have noticed. */
  async cut(): Promise<void> {
    this.#isCut = true
    const gone = [...this.#pairs].flat().map(closed)
    for (const pair of this.#pairs) {
      pair[0].destroy()
      endOrderly(pair[1])
    }
    await Promise.all(gone)
  }

  /** Lets connections through again. */
  heal(): void {
    this.#isCut = false
  }

  async close(): Promise<void> {
    await this.cut()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(socket: Socket): void {
    if (this.#isCut) {
      socket.destroy()
      return
    }
    const upstream = connect(this.#target, '127.0.0.1')
    const pair = [socket, upstream] as const
    this.#pairs.add(pair)
    socket.setNoDelay(true)
    upstream.setNoDelay(true)
    socket.pipe(upstream)
    upstream.pipe(socket)
    const end = (): void => {
      this.#pairs.delete(pair)
      socket.destroy()
      upstream.destroy()
    }
    for (const one of pair) {
      // What broke does not matter: a link passes the end on, whatever it came from.
      one.on('error', end)
    }
    socket.on('close', () => endOrderly(upstream))
    upstream.on('close', end)
  }
}

/** Ends towards the server, whose own end, read here, shows that it has noticed. */
function endOrderly(upstream: Socket): void {
  upstream.unpipe()
  upstream.resume()
  upstream.end()
}

function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}
