import type { Clock } from '@ashlar/codec'
import { SERVER } from './names.ts'
import type { Network } from './network.ts'

/** @see RemoteIteration */
export interface RemoteIterationOptions<T> {
  readonly what: string
  readonly open: () => AsyncIterable<T>
  /** An item that is lost on its way stays lost; otherwise it is sent until it arrives. */
  readonly lossy: boolean
  readonly node: string
  readonly network: Network
  readonly clock: Clock
  readonly timeoutMs: number
  readonly isOpen: () => boolean
  readonly onEnded: (iteration: RemoteIteration<T>) => void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** An iteration that runs on the server and is asked for one item at a time. */
export class RemoteIteration<T> implements AsyncIterableIterator<T, undefined> {
  readonly #options: RemoteIterationOptions<T>
  /** Whoever waits for an item. */
  readonly #waiting = new Set<() => void>()
  #source: AsyncIterator<T> | undefined
  #ended = false

  constructor(options: RemoteIterationOptions<T>) {
    this.#options = options
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isWanted()) return Promise.resolve(DONE)
    const { node, network, what } = this.#options
    return new Promise((resolve, reject) => {
      const stop = (): void => resolve(DONE)
      this.#waiting.add(stop)
      const finish = (item: IteratorResult<T, undefined>): void => {
        this.#waiting.delete(stop)
        if (item.done === true) this.end()
        resolve(item)
      }
      const start = (): void => {
        this.#serve(finish).catch(reject)
      }
      network.deliver(node, SERVER, `${what}?`, start, this.#isWanted).then((sent) => {
        if (!sent) stop()
      }, reject)
    })
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.end()
    this.#source?.return?.().catch(() => {}) // it ends on the server; nobody is told how
    return Promise.resolve(DONE)
  }

  /** Nothing comes any more: whoever waits is told. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.onEnded(this)
    for (const stop of this.#waiting) stop()
    this.#waiting.clear()
  }

  /** It keeps a position, not what somebody works on. */
  drain(): Promise<void> {
    return Promise.resolve()
  }

  readonly #isWanted = (): boolean => !this.#ended && this.#options.isOpen()

  async #serve(finish: (item: IteratorResult<T, undefined>) => void): Promise<void> {
    const { node, network, what, open, lossy } = this.#options
    for (;;) {
      this.#source ??= open()[Symbol.asyncIterator]()
      const item: IteratorResult<T, undefined> = await this.#source.next()
      if (!lossy || item.done === true) {
        await network.deliver(SERVER, node, what, () => finish(item), this.#isWanted)
        return
      }
      if (await this.#arrives()) return finish(item)
      if (!this.#isWanted()) return
    }
  }

  #arrives(): Promise<boolean> {
    const { node, network, what, clock, timeoutMs } = this.#options
    return new Promise((settle) => {
      network.send(SERVER, node, what, () => settle(true), { connected: true })
      clock.setTimer(() => settle(false), timeoutMs)
    })
  }
}
