import { setTimeout as wait } from 'node:timers/promises'
import { type ReplicaSubscription, Replicator, type Table } from '@ashlar/pubsub-replicator'
import type { Transport } from '@ashlar/transport'
import { type Reading, readObservations } from './readings.ts'
import { type Alert, compare, type Threshold } from './thresholds.ts'

export interface EdgeOptions {
  readonly node: string
  readonly location: string
  readonly path: string
  readonly transport: Transport
}

/** Readings per transaction when the replay is not slowed down. */
const BULK = 50

type Row<T> = T & Readonly<Record<string, unknown>>

/**
 * A site. It keeps its readings to itself, compares each with the thresholds that it subscribes to,
 * and publishes nothing but alerts. Cut off from the cloud it goes on, and sends what it has later.
 */
export class Edge {
  readonly location: string
  readonly replicator: Replicator
  readonly #thresholds: Table<Row<Threshold>>
  readonly #alerts: Table<Row<Alert>>
  readonly #subscription: ReplicaSubscription
  #kept = 0
  #alerted = 0

  private constructor(location: string, replicator: Replicator) {
    this.location = location
    this.replicator = replicator
    this.#thresholds = replicator.table('thresholds')
    this.#alerts = replicator.table('alerts')
    const where = { field: 'location', eq: location }
    this.#subscription = replicator.subscribe({ table: 'thresholds', from: 'cloud', where })
  }

  static async open({ node, location, path, transport }: EdgeOptions): Promise<Edge> {
    const tables = [
      { name: 'readings' },
      { name: 'position' },
      { name: 'thresholds' },
      { name: 'alerts', publish: true },
    ]
    const edge = new Edge(location, await Replicator.open({ node, path, transport, tables }))
    edge.#kept = await edge.replicator.table('readings').count()
    edge.#alerted = await edge.#alerts.count()
    return edge
  }

  /** Readings that are stored here, and here only. */
  get kept(): number {
    return this.#kept
  }

  /** Alerts that were raised here. */
  get alerted(): number {
    return this.#alerted
  }

  /** Replays the observations from where it stopped; `daysPerSecond` may be `Infinity`. */
  async replay(daysPerSecond: number, signal: AbortSignal): Promise<void> {
    // a site that was never told what to look for waits; one that was goes on without the cloud
    if ((await this.#thresholds.count({ limit: 1 })) === 0) {
      await this.#subscription.catchUp({ signal })
    }
    const position = await this.replicator.table<{ date: string }>('position').get('replay')
    const left = readObservations(this.location).filter(({ date }) => date > (position?.date ?? ''))
    const bulk = Math.min(BULK, Math.max(1, Math.ceil(daysPerSecond / 100)))
    for (let i = 0; i < left.length && !signal.aborted; i += bulk) {
      await this.#observe(left.slice(i, i + bulk))
      await wait((bulk / daysPerSecond) * 1000, undefined, { signal }).catch(() => {})
    }
  }

  /** Readings, the alerts they raise and the position: all of it is written, or nothing. */
  async #observe(readings: readonly Reading[]): Promise<void> {
    const thresholds: Threshold[] = []
    for await (const [, threshold] of this.#thresholds.scan()) thresholds.push(threshold)
    const alerts = readings.flatMap((reading) => compare(reading, thresholds))
    await this.replicator.transaction((transaction) => {
      for (const reading of readings) {
        transaction.table('readings').put(reading.date, { ...reading })
      }
      for (const alert of alerts) transaction.table('alerts').put(alert.id, { ...alert })
      transaction.table('position').put('replay', { date: readings.at(-1)?.date })
    })
    this.#kept += readings.length
    this.#alerted += alerts.length
  }
}
