import type { Clock } from '@ashlar/codec'
import { isTransportError, type KeyValue, type KvEntry } from '@ashlar/transport'
import { SchedulerError } from '../errors.ts'
import { CONFIG_KEY } from './names.ts'
import {
  descendsFrom,
  modulusOf,
  nextSplit,
  type PartitionMap,
  type Place,
  partitionOf,
  type Split,
} from './partition-map.ts'
import { watchBucket } from './watch-bucket.ts'

/** Of a namespace that has never grown; the other one says how it has. */
const FIXED = 1
const GROWN = 2

/** What is stored: the map, how far it is to grow, and which owner is at work on the next step. */
interface Config extends PartitionMap {
  readonly target: number
  /** The epoch of the parent's owner that splits it. */
  readonly claim: number
}

interface Stored {
  readonly config: Config
  readonly revision: number
}

/**
 * How many partitions there are, and which of them a hash falls into, as far as this member knows. The
 * truth is in the bucket, and changes by one step after the other, each on the condition that nothing
 * changed in between.
 */
export class Topology {
  readonly #kv: KeyValue
  readonly #stop = new AbortController()
  readonly #listeners = new Set<() => void>()
  #stored: Stored

  private constructor(kv: KeyValue, stored: Stored) {
    this.#kv = kv
    this.#stored = stored
  }

  /** Reads what there is, or makes a namespace of so many partitions. */
  static async open(kv: KeyValue, partitions: number | undefined): Promise<Topology> {
    for (;;) {
      const stored = await read(kv)
      if (stored !== undefined) return new Topology(kv, stored)
      if (partitions === undefined) {
        throw new SchedulerError('NAMESPACE_MISSING', `there is no cluster in ${kv.bucket}`)
      }
      try {
        await kv.create(CONFIG_KEY, Buffer.from(JSON.stringify({ format: FIXED, partitions })))
      } catch (error) {
        if (!isTransportError(error, 'KV_EXISTS')) throw error
      }
    }
  }

  /** Follows the changes from here on. */
  follow(clock: Clock, onError: (error: unknown) => void): Promise<void> {
    const { signal } = this.#stop
    const onEntry = (entry: KvEntry): void => this.#see(decode(entry))
    return watchBucket({ kv: this.#kv, key: CONFIG_KEY, clock, signal, onEntry, onError })
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Calls back after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The numbers of all partitions, in order. */
  get all(): number[] {
    return [...Array(this.#stored.config.partitions).keys()]
  }

  /** All partitions, with what each holds now. */
  get places(): Place[] {
    return this.all.map((partition) => ({ partition, modulus: this.modulusOf(partition) }))
  }

  /** How many there are to be. */
  get target(): number {
    return this.#stored.config.target
  }

  has(partition: number): boolean {
    return partition < this.#stored.config.partitions
  }

  partitionOf(hash: number): number {
    return partitionOf(this.#stored.config, hash)
  }

  /** See `modulusOf` of the map. */
  modulusOf(partition: number): number {
    return modulusOf(this.#stored.config, partition)
  }

  /** What a partition held when the namespace was made. */
  get base(): number {
    return this.#stored.config.base
  }

  /** Where to look next for a task that was made in one partition, and is not in another. */
  heirAfter(home: number, partition: number): number | undefined {
    const { config } = this.#stored
    for (let heir = partition + 1; heir < config.partitions; heir++) {
      if (descendsFrom(config, heir, home)) return heir
    }
    return undefined
  }

  /** The step that is to be done now. */
  get due(): Split | undefined {
    const { config } = this.#stored
    return config.partitions < config.target ? nextSplit(config) : undefined
  }

  /** Resolves when there are so many partitions; rejects with the reason of an aborted signal. */
  async reached(partitions: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => reject(signal?.reason as Error)
    const look = (): void => {
      if (this.#stop.signal.aborted) {
        reject(new SchedulerError('SCHEDULER_CLOSED', 'the scheduler is closed'))
      } else if (this.has(partitions - 1)) resolve()
    }
    const forget = this.onChange(look)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#stop.signal.addEventListener('abort', look, { once: true })
    look()
    try {
      await promise
    } finally {
      forget()
      signal?.removeEventListener('abort', onAbort)
      this.#stop.signal.removeEventListener('abort', look)
    }
  }

  /** Reads the present state of the bucket. */
  async refresh(): Promise<void> {
    const stored = await read(this.#kv)
    if (stored !== undefined) this.#see(stored)
  }

  /** Stores that there are to be so many partitions. Never fewer than there are, or were to be. */
  async grow(target: number): Promise<void> {
    await this.#update((config) => {
      if (target < config.target) {
        throw new RangeError(`there are, or are to be, ${config.target} partitions, more than that`)
      }
      return target === config.target ? undefined : { ...config, target }
    })
  }

  /**
   * Makes an owner the only one that may do the step: whoever began it before cannot finish it any
   * more. False: somebody has finished it, or it is not due.
   */
  async claim({ child }: Split, epoch: number): Promise<boolean> {
    let due = true
    await this.#update((config) => {
      due = config.partitions === child && config.target > child
      if (!due) return undefined
      if (config.claim > epoch) throw superseded(epoch, config.claim)
      return { ...config, claim: epoch }
    })
    return due
  }

  /** The step is done: from here on the child is a partition. Only for the owner that has the claim. */
  async publish({ child }: Split, epoch: number): Promise<void> {
    await this.#update((config) => {
      // the answer to an earlier attempt was lost
      if (config.partitions > child) return undefined
      if (config.claim !== epoch) throw superseded(epoch, config.claim)
      return { ...config, partitions: child + 1, claim: 0 }
    })
  }

  async #update(change: (config: Config) => Config | undefined): Promise<void> {
    for (;;) {
      await this.refresh()
      const { config, revision } = this.#stored
      const changed = change(config)
      if (changed === undefined) return
      const value = Buffer.from(JSON.stringify({ format: GROWN, ...changed }))
      try {
        this.#see({ config: changed, revision: await this.#kv.update(CONFIG_KEY, value, revision) })
        return
      } catch (error) {
        if (!isTransportError(error, 'KV_CONFLICT')) throw error
      }
    }
  }

  #see(stored: Stored): void {
    if (stored.revision <= this.#stored.revision) return
    this.#stored = stored
    for (const listener of this.#listeners) listener()
  }
}

async function read(kv: KeyValue): Promise<Stored | undefined> {
  const entry = await kv.get(CONFIG_KEY)
  return entry === undefined ? undefined : decode(entry)
}

function decode({ value, revision }: KvEntry): Stored {
  const stored = JSON.parse(Buffer.from(value).toString()) as Config & { readonly format: number }
  const { format, partitions } = stored
  if (format === FIXED) {
    return { config: { base: partitions, partitions, target: partitions, claim: 0 }, revision }
  }
  if (format === GROWN) {
    const { base, target, claim } = stored
    return { config: { base, partitions, target, claim }, revision }
  }
  throw new SchedulerError(
    'SCHEDULER_FORMAT',
    `the namespace has format ${format}, this version knows ${GROWN}: upgrade it`,
  )
}

function superseded(epoch: number, claim: number): SchedulerError {
  const message = `the owner with epoch ${epoch} splits no more: one with epoch ${claim} does`
  return new SchedulerError('PARTITION_LOST', message)
}
