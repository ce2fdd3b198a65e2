import type { Clock } from '@ashlar/codec'
import type { KvEntry, Transport } from '@ashlar/transport'

const RETRY_MS = 500

export interface BucketWatchOptions {
  readonly transport: Transport
  readonly bucket: string
  /** Default: all keys. */
  readonly key?: string
  readonly clock: Clock
  readonly onEntry: (entry: KvEntry) => void
  readonly onError: (error: unknown) => void
}

/** Follows a bucket until it is closed, whatever happens to the connection. */
export class BucketWatch {
  readonly #options: BucketWatchOptions
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(options: BucketWatchOptions) {
    this.#options = options
    this.#done = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#watch(signal)
      } catch (error) {
        if (!signal.aborted) this.#options.onError(error)
      }
      if (!signal.aborted) await this.#pause(signal)
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { transport, bucket, key, onEntry } = this.#options
    const kv = await transport.kv(bucket)
    for await (const entry of kv.watch({ key, signal })) onEntry(entry)
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(resolve, RETRY_MS)
      signal.addEventListener('abort', () => {
        timer.cancel()
        resolve()
      })
    })
  }
}
