import type { Clock } from '@ashlar/codec'
import { isTransportError, type KeyValue, type KvEntry } from '@ashlar/transport'
import { SchedulerError } from '../errors.ts'
import { ownerKey } from './names.ts'
import { watchBucket } from './watch-bucket.ts'

const PREFIX = 'owner.'

/** Who works on a partition. */
export interface Owner {
  readonly member: string
  readonly epoch: number
}

export interface OwnersOptions {
  readonly kv: KeyValue
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** The address book: where to ask about a partition. It may be late, and is never relied upon. */
export class Owners {
  readonly #options: OwnersOptions
  readonly #owners = new Map<number, Owner>()
  readonly #waiting = new Map<number, Set<() => void>>()
  readonly #stop = new AbortController()

  constructor(options: OwnersOptions) {
    this.#options = options
  }

  /** Resolves when the present owners are known. */
  start(): Promise<void> {
    const { kv, clock, onError } = this.#options
    const { signal } = this.#stop
    const onEntry = (entry: KvEntry): void => this.#see(entry)
    return watchBucket({ kv, key: `${PREFIX}*`, clock, signal, onEntry, onError })
  }

  stop(): void {
    this.#stop.abort()
  }

  get(partition: number): Owner | undefined {
    return this.#owners.get(partition)
  }

  /** Resolves when another owner is known, or after a time. */
  changed(partition: number, forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(partition) ?? new Set()
      this.#waiting.set(partition, waiting)
      const done = (): void => {
        waiting.delete(done)
        timer.cancel()
        resolve()
      }
      const timer = this.#options.clock.setTimer(done, forMs, { keepAlive: true })
      waiting.add(done)
    })
  }

  /** All that wait look again. */
  wake(): void {
    for (const waiting of this.#waiting.values()) for (const done of waiting) done()
  }

  /** Makes an owner known. Rejects with `PARTITION_LOST` when there is a later one. */
  async announce(partition: number, owner: Owner): Promise<void> {
    const { kv } = this.#options
    const key = ownerKey(partition)
    const value = Buffer.from(JSON.stringify(owner))
    for (;;) {
      const entry = await kv.get(key)
      const epoch = entry === undefined ? 0 : ownerOf(entry).epoch
      if (epoch > owner.epoch) {
        throw new SchedulerError('PARTITION_LOST', `partition ${partition} is at epoch ${epoch}`)
      }
      if (epoch === owner.epoch) return
      try {
        if (entry === undefined) await kv.create(key, value)
        else await kv.update(key, value, entry.revision)
        return
      } catch (error) {
        const beaten =
          isTransportError(error, 'KV_CONFLICT') || isTransportError(error, 'KV_EXISTS')
        if (!beaten) throw error
      }
    }
  }

  #see(entry: KvEntry): void {
    if (entry.operation === 'delete') return
    const partition = Number(entry.key.slice(PREFIX.length))
    const owner = ownerOf(entry)
    if (owner.epoch <= (this.#owners.get(partition)?.epoch ?? 0)) return
    this.#owners.set(partition, owner)
    for (const done of this.#waiting.get(partition) ?? []) done()
  }
}

function ownerOf({ value }: KvEntry): Owner {
  return JSON.parse(Buffer.from(value).toString()) as Owner
}
