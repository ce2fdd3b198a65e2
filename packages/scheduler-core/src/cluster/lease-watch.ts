import type { Clock } from '@ashlar/codec'
import type { KeyValue, KvEntry, LeaseSighting } from '@ashlar/transport'
import { leaseKey } from './names.ts'
import { watchBucket } from './watch-bucket.ts'

const ALL = 'lease.*'

export interface LeaseWatchOptions {
  readonly kv: KeyValue
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

interface Renewal {
  readonly revision: number
  /** On our own monotonic clock: wall clocks are never compared. */
  readonly at: number
}

/**
 * When each partition's lease was renewed last, as this member has seen it. So what a lease has left is
 * known when its partition falls to this member, and no whole ttl has to be waited for from then on.
 */
export class LeaseWatch {
  readonly #options: LeaseWatchOptions
  readonly #renewals = new Map<string, Renewal>()
  readonly #stop = new AbortController()

  constructor(options: LeaseWatchOptions) {
    this.#options = options
  }

  /** Resolves when the present leases are known. */
  start(): Promise<void> {
    const { kv, clock, onError } = this.#options
    const { signal } = this.#stop
    const onEntry = (entry: KvEntry): void => this.#see(entry)
    return watchBucket({ kv, key: ALL, clock, signal, onEntry, onError })
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Undefined: nobody has it, as far as is known. */
  seen(partition: number): LeaseSighting | undefined {
    const renewal = this.#renewals.get(leaseKey(partition))
    if (renewal === undefined) return undefined
    const { revision, at } = renewal
    return { revision, forMs: this.#options.clock.monotonic() - at }
  }

  #see({ key, revision, operation }: KvEntry): void {
    if (operation === 'delete') this.#renewals.delete(key)
    else this.#renewals.set(key, { revision, at: this.#options.clock.monotonic() })
  }
}
