/** Most partitions: they are the upper ten bits of sequence numbers, and so of ids and fences. */
export const MAX_PARTITIONS = 1_024
/** Sequence numbers of one partition: 2^43. */
const SEQUENCES: number = 2 ** 43

/** Sequence numbers of a partition are greater than this. */
export function firstSequenceOf(partition: number): number {
  return partition * SEQUENCES
}

/** The partition in which a task was made. */
export function partitionOfSequence(sequence: number): number {
  return Math.floor(sequence / SEQUENCES)
}

/** What a namespace's things are called on the transport. */
export class Names {
  readonly bucket: string
  readonly #namespace: string

  constructor(namespace: string) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(namespace)) {
      throw new RangeError('namespace must be 1 to 64 letters, digits, - or _')
    }
    this.#namespace = namespace
    this.bucket = `${namespace}_scheduler`
  }

  log(partition: number): string {
    return `${this.#namespace}_tasks_${partition}`
  }

  /** What happens on members, for those that watch. */
  get events(): string {
    return `ashlar.scheduler.${this.#namespace}.events`
  }

  /** Requests to the owner of a partition, while it has this epoch. */
  calls(partition: number, epoch: number): string {
    return `ashlar.scheduler.${this.#namespace}.${partition}.${epoch}`
  }
}

/** The one subject of each partition's log. */
export const LOG_SUBJECT = 'changes'
export const CONFIG_KEY = 'config'

export const memberKey = (id: string): string => `member.${id}`
export const leaseKey = (partition: number): string => `lease.${partition}`
export const ownerKey = (partition: number): string => `owner.${partition}`

/** Where the copy of a partition stands in the local store. */
export const copyPrefix = (partition: number): string => `p${String(partition).padStart(4, '0')}/`

/** Where a partition is put together that is not there yet. */
export const childPrefix = (partition: number): string => `s${String(partition).padStart(4, '0')}/`
