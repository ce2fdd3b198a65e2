import type { Clock, Random } from '@ashlar/codec'
import { isTransportError, TransportError } from '@ashlar/transport'
import { SERVER } from './names.ts'
import type { Network } from './network.ts'

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
   * An iteration that runs on the server and is asked for one item at a time. With `lossy` an item
   * that is lost on its way stays lost, otherwise it is sent until it arrives.
   */
  iterate<T>(what: string, open: () => AsyncIterable<T>, lossy: boolean): AsyncIterableIterator<T> {
    const { node, network, isOpen } = this.#options
    let source: AsyncIterator<T> | undefined
    let ended = false
    const waiting = new Set<() => void>()
    const wanted = (): boolean => !ended && isOpen()
    const end = (): void => {
      ended = true
      this.#children.delete(child)
      for (const stop of waiting) stop()
      waiting.clear()
    }
    const child: RemoteChild = { drain: () => Promise.resolve(), end }
    this.#children.add(child)
    const pull = async (): Promise<IteratorResult<T, undefined>> => {
      source ??= open()[Symbol.asyncIterator]()
      const item: IteratorResult<T, undefined> = await source.next()
      return item
    }
    const next = (): Promise<IteratorResult<T, undefined>> =>
      new Promise((resolve, reject) => {
        const stop = (): void => resolve({ done: true, value: undefined })
        waiting.add(stop)
        const finish = (item: IteratorResult<T, undefined>): void => {
          waiting.delete(stop)
          if (item.done === true) end()
          resolve(item)
        }
        const serve = async (): Promise<void> => {
          for (;;) {
            const item = await pull()
            if (lossy && item.done !== true) {
              const arrived = new Promise<boolean>((settle) => {
                network.send(SERVER, node, what, () => settle(true), { connected: true })
                this.#options.clock.setTimer(() => settle(false), this.#options.timeoutMs)
              })
              if (await arrived) return finish(item)
              if (!wanted()) return
              continue
            }
            await network.deliver(SERVER, node, what, () => finish(item), wanted)
            return
          }
        }
        const start = (): void => {
          serve().catch(reject)
        }
        network.deliver(node, SERVER, `${what}?`, start, wanted).then((sent) => {
          if (!sent) resolve({ done: true, value: undefined })
        }, reject)
      })
    return {
      next: () => (wanted() ? next() : Promise.resolve({ done: true, value: undefined })),
      return: () => {
        end()
        source?.return?.().catch(() => {}) // it ends on the server; nobody is told how
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
}
