import type { Clock, Random } from '@ashlar/codec'
import { isTransportError, TransportError } from '@ashlar/transport'
import { SERVER } from './names.ts'
import type { Network } from './network.ts'
import { RemoteIteration } from './remote-iteration.ts'

/** Share of the operations on a cut connection whose node knows that it is cut. */
const NOTICED = 0.5

/** @see Remote */
export interface RemoteOptions {
  readonly node: string
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly timeoutMs: number
  readonly isOpen: () => boolean
  readonly isDraining: () => boolean
}

/** Something that ends with its transport. */
export interface RemoteChild {
  /** Resolves when the user has finished what was handed out. */
  drain(): Promise<void>
  /** The transport is closed. */
  end(): void
}

/** Operations of a node on the server, over a connection that may be cut at any moment. */
export class Remote {
  readonly #options: RemoteOptions
  readonly #children = new Set<RemoteChild>()

  constructor(options: RemoteOptions) {
    this.#options = options
  }

  /** Something that changes nothing: `TIMEOUT` when no answer comes. */
  read<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.#call(what, 'TIMEOUT', run)
  }

  /** Something that may change what is stored: `UNKNOWN_OUTCOME` when no answer comes. */
  write<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.#call(what, 'UNKNOWN_OUTCOME', run)
  }

  /** Throws when the transport takes nothing new. */
  assertAccepting(): void {
    if (!this.#options.isDraining()) return
    throw new TransportError('DRAINING', 'the transport is draining')
  }

  adopt(child: RemoteChild): void {
    this.#children.add(child)
  }

  release(child: RemoteChild): void {
    this.#children.delete(child)
  }

  async drain(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.drain()))
  }

  /** Ends every iteration. */
  end(): void {
    for (const child of this.#children) child.end()
  }

  /** Something that nobody waits for. */
  tell(what: string, run: () => void): void {
    const { node, network } = this.#options
    network.send(node, SERVER, what, run, { connected: true })
  }

  #call<T>(what: string, late: 'TIMEOUT' | 'UNKNOWN_OUTCOME', run: () => Promise<T>): Promise<T> {
    const { node, network, clock, random, timeoutMs, isOpen } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (!isOpen()) return Promise.reject(new TransportError('CLOSED', 'the transport is closed'))
    if (!network.isOpen(node, SERVER) && random.next() < NOTICED) {
      return Promise.reject(new TransportError('DISCONNECTED', 'the connection is down'))
    }
    const timer = clock.setTimer(() => {
      reject(new TransportError(late, `no answer to ${what} within ${timeoutMs} ms`))
    }, timeoutMs)
    const answer = (text: string, settle: () => void): void => {
      const arrive = (): void => {
        timer.cancel()
        settle()
      }
      network.send(SERVER, node, `${what}: ${text}`, arrive, { connected: true })
    }
    const execute = (): void => {
      run().then(
        (value) => answer('done', () => resolve(value)),
        (error: unknown) => {
          const text = isTransportError(error) ? error.code : String(error)
          answer(text, () => reject(error))
        },
      )
    }
    network.send(node, SERVER, what, execute, { connected: true })
    return promise
  }

  /**
   * An iteration that runs on the server. With `lossy` an item that is lost on its way stays lost,
   * otherwise it is sent until it arrives.
   */
  iterate<T>(
    what: string,
    open: () => AsyncIterable<T>,
    lossy: boolean,
  ): AsyncIterableIterator<T, undefined> {
    const { node, network, clock, timeoutMs, isOpen } = this.#options
    const onEnded = (ended: RemoteChild): void => this.release(ended)
    const where = { node, network, clock, timeoutMs }
    const iteration = new RemoteIteration<T>({ ...where, what, open, lossy, isOpen, onEnded })
    this.adopt(iteration)
    return iteration
  }
}
