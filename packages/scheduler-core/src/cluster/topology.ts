import { isTransportError, type KeyValue, type KvEntry } from '@ashlar/transport'
import { SchedulerError } from '../errors.ts'
import { CONFIG_KEY } from './names.ts'

const FORMAT = 1

interface Config {
  readonly format: number
  readonly partitions: number
}

/** How many partitions there are, and which of them a hash falls into. Decided once, for good. */
export class Topology {
  readonly #partitions: number

  private constructor(partitions: number) {
    this.#partitions = partitions
  }

  /** Reads what there is, or makes a namespace of so many partitions. */
  static async open(kv: KeyValue, partitions: number | undefined): Promise<Topology> {
    for (;;) {
      const entry = await kv.get(CONFIG_KEY)
      if (entry !== undefined) return new Topology(decode(entry).partitions)
      if (partitions === undefined) {
        throw new SchedulerError('NAMESPACE_MISSING', `there is no cluster in ${kv.bucket}`)
      }
      const config: Config = { format: FORMAT, partitions }
      try {
        await kv.create(CONFIG_KEY, Buffer.from(JSON.stringify(config)))
      } catch (error) {
        if (!isTransportError(error, 'KV_EXISTS')) throw error
      }
    }
  }

  /** The numbers of all partitions, in order. */
  get all(): number[] {
    return [...Array(this.#partitions).keys()]
  }

  has(partition: number): boolean {
    return partition < this.#partitions
  }

  partitionOf(hash: number): number {
    return hash % this.#partitions
  }
}

function decode({ value }: KvEntry): Config {
  const config = JSON.parse(Buffer.from(value).toString()) as Config
  if (config.format === FORMAT) return config
  throw new SchedulerError(
    'SCHEDULER_FORMAT',
    `the namespace has format ${config.format}, this version knows ${FORMAT}: upgrade it`,
  )
}
