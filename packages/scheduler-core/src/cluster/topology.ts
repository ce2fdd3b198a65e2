import type { Clock } from '@ashlar/codec'
import { isTransportError, type KeyValue, type KvEntry } from '@ashlar/transport'
import { SchedulerError } from '../errors.ts'
import { CONFIG_KEY, MAX_PARTITIONS } from './names.ts'
import { watchBucket } from './watch-bucket.ts'

const FORMAT = 1
const BORN_PREFIX = 'born.'

interface Config {
  readonly format: number
  /** Partitions that there were at first. */
  readonly base: number
  /** Partitions that there are to be: the base, doubled some times. */
  readonly partitions: number
}

export interface TopologyOptions {
  readonly kv: KeyValue
  readonly clock: Clock
  /** There are more partitions, or are to be. */
  readonly onChange: () => void
  readonly onError: (error: unknown) => void
}

/** How many partitions there are, and which of them a hash falls into. */
export class Topology {
  readonly #options: TopologyOptions
  readonly #stop = new AbortController()
  readonly #born = new Set<number>()
  #config: Config = { format: FORMAT, base: 1, partitions: 1 }

  constructor(options: TopologyOptions) {
    this.#options = options
  }

  /** Reads what there is, or makes a namespace of so many partitions. */
  async start(partitions: number): Promise<void> {
    const { kv, clock, onError } = this.#options
    this.#take(await this.#readOrCreate(partitions))
    const { signal } = this.#stop
    const onConfig = (entry: KvEntry): void => this.#take(decode(entry))
    const onBorn = ({ key }: KvEntry): void => this.#bear(Number(key.slice(BORN_PREFIX.length)))
    await Promise.all([
      watchBucket({ kv, key: CONFIG_KEY, clock, signal, onEntry: onConfig, onError }),
      watchBucket({ kv, key: `${BORN_PREFIX}*`, clock, signal, onEntry: onBorn, onError }),
    ])
  }

  stop(): void {
    this.#stop.abort()
  }

  get base(): number {
    return this.#config.base
  }

  /** Partitions that there are to be. */
  get wanted(): number {
    return this.#config.partitions
  }

  /** Partitions that there are, in order. */
  get present(): number[] {
    const present = [...this.#born].sort((a, b) => a - b)
    return [...Array(this.base).keys(), ...present]
  }

  exists(partition: number): boolean {
    return partition < this.base || this.#born.has(partition)
  }

  /** The partition of a hash: of those that there are, the one that was divided off last. */
  partitionOf(hash: number): number {
    for (let count = this.wanted; count > this.base; count /= 2) {
      if (this.exists(hash % count)) return hash % count
    }
    return hash % this.base
  }

  /** Partitions that may hold now what was made in one: itself first, then what was divided off. */
  descendants(partition: number): number[] {
    let count = this.base
    while (count <= partition) count *= 2
    return this.present.filter((one) => one >= partition && one % count === partition % count)
  }

  /** Asks for more partitions. */
  async grow(partitions: number): Promise<void> {
    const { kv } = this.#options
    for (;;) {
      const entry = await kv.get(CONFIG_KEY)
      if (entry === undefined) throw new RangeError('the namespace has no configuration')
      const config = decode(entry)
      checkGrowth(config, partitions)
      if (config.partitions === partitions) return
      try {
        await kv.update(CONFIG_KEY, encode({ ...config, partitions }), entry.revision)
        this.#take({ ...config, partitions })
        return
      } catch (error) {
        if (!isTransportError(error, 'KV_CONFLICT')) throw error
      }
    }
  }

  async #readOrCreate(partitions: number): Promise<Config> {
    const { kv } = this.#options
    for (;;) {
      const entry = await kv.get(CONFIG_KEY)
      if (entry !== undefined) return decode(entry)
      const config = { format: FORMAT, base: partitions, partitions }
      try {
        await kv.create(CONFIG_KEY, encode(config))
        return config
      } catch (error) {
        if (!isTransportError(error, 'KV_EXISTS')) throw error
      }
    }
  }

  #take(config: Config): void {
    if (config.partitions <= this.#config.partitions && config.base === this.#config.base) return
    this.#config = config
    this.#options.onChange()
  }

  #bear(partition: number): void {
    if (this.#born.has(partition)) return
    this.#born.add(partition)
    this.#options.onChange()
  }
}

function checkGrowth({ partitions: now }: Config, wanted: number): void {
  const factor = wanted / now
  const doubled = Number.isInteger(factor) && Number.isInteger(Math.log2(factor))
  if (doubled && wanted <= MAX_PARTITIONS) return
  throw new RangeError(
    `partitions must be ${now} doubled some times, ${MAX_PARTITIONS} at most, got ${wanted}`,
  )
}

function encode(config: Config): Uint8Array {
  return Buffer.from(JSON.stringify(config))
}

function decode({ value }: KvEntry): Config {
  const config = JSON.parse(Buffer.from(value).toString()) as Config
  if (config.format === FORMAT) return config
  throw new SchedulerError(
    'SCHEDULER_FORMAT',
    `the namespace has format ${config.format}, this version knows ${FORMAT}: upgrade it`,
  )
}
