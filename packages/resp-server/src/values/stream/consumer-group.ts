import { IdMap } from './id-map.ts'
import type { StreamId } from './stream-id.ts'

/** An entry that was delivered and not yet acknowledged. */
export interface PendingEntry {
  consumer: Consumer
  deliveredAt: number
  deliveries: number
}

export interface Consumer {
  readonly name: string
  /** When it last asked for anything. */
  seenAt: number
  /** When it last got or claimed an entry; -1: never. */
  activeAt: number
  readonly pending: IdMap<PendingEntry>
}

/** How many entries a group has read is not known: entries were deleted under it. */
export const UNKNOWN_READ = -1

/** A consumer group: where it stands, and who has what. StreamValue changes it. */
export class ConsumerGroup {
  readonly name: string
  lastId: StreamId
  entriesRead: number
  readonly pending: IdMap<PendingEntry> = new IdMap()
  readonly consumers: Map<string, Consumer> = new Map()

  constructor(name: string, lastId: StreamId, entriesRead: number) {
    this.name = name
    this.lastId = lastId
    this.entriesRead = entriesRead
  }

  /** In order of their names, as Redis lists them. */
  get sortedConsumers(): Consumer[] {
    return [...this.consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  addConsumer(name: string, seenAt: number, activeAt = -1): Consumer {
    const consumer = { name, seenAt, activeAt, pending: new IdMap<PendingEntry>() }
    this.consumers.set(name, consumer)
    return consumer
  }

  /** Gives an entry to a consumer, whoever had it. */
  assign(id: StreamId, consumer: Consumer, deliveredAt: number, deliveries: number): void {
    const entry = this.pending.get(id)
    if (entry === undefined) {
      const added = { consumer, deliveredAt, deliveries }
      this.pending.set(id, added)
      consumer.pending.set(id, added)
      return
    }
    if (entry.consumer !== consumer) {
      entry.consumer.pending.delete(id)
      consumer.pending.set(id, entry)
      entry.consumer = consumer
    }
    entry.deliveredAt = deliveredAt
    entry.deliveries = deliveries
  }

  release(id: StreamId): boolean {
    const entry = this.pending.get(id)
    if (entry === undefined) return false
    this.pending.delete(id)
    entry.consumer.pending.delete(id)
    return true
  }
}
