import type { DatabaseSync } from 'node:sqlite'
import { isStoreError } from '@ashlar/lsm-store'
import type { Replicator, Table } from '@ashlar/pubsub-replicator'
import type { Escalations } from './escalations.ts'
import type { LiveFigures } from './live-figures.ts'
import type { Alert } from './thresholds.ts'

const CURSOR_SCHEMA = `
  CREATE TABLE IF NOT EXISTS alert_desk (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL
  ) STRICT
`

type AlertRow = Alert & Readonly<Record<string, unknown>>

export interface AlertDeskOptions {
  readonly replicator: Replicator
  readonly database: DatabaseSync
  readonly escalations: Escalations
  readonly figures: LiveFigures
}

/**
 * From a replicated alert to a row in SQL, a figure and an escalation. Each step may be repeated
 * without harm, and the position is noted when all are done: a crash anywhere loses nothing and
 * doubles nothing.
 */
export class AlertDesk {
  readonly #options: AlertDeskOptions
  readonly #alerts: Table<AlertRow>
  readonly #stop = new AbortController()
  #work: Promise<void> = Promise.resolve()

  constructor(options: AlertDeskOptions) {
    this.#options = options
    this.#alerts = options.replicator.table('alerts')
    options.database.exec(CURSOR_SCHEMA)
  }

  /** Works in the background; a failure goes to `onError` and ends the work. */
  start(onError: (error: unknown) => void): void {
    this.#work = this.#follow(this.#readCursor()).catch(onError)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#work
  }

  async #follow(cursor: number): Promise<void> {
    let since = cursor
    try {
      const { signal } = this.#stop
      for await (const { record, sequence } of this.#alerts.watch({ since, signal })) {
        // records of one commit share a sequence: it is behind us when the next one comes
        if (sequence > since) this.#writeCursor(since)
        since = sequence
        if (record !== undefined) await this.#handle(record)
      }
    } catch (error) {
      if (!isStoreError(error, 'CHANGES_TRUNCATED')) throw error
      await this.#follow(await this.#handleAll())
    }
  }

  /** The log does not reach back to the cursor: goes through the table instead. */
  async #handleAll(): Promise<number> {
    const { head } = this.#options.replicator.status()
    for await (const [, alert] of this.#alerts.scan()) await this.#handle(alert)
    return head
  }

  async #handle(alert: Alert): Promise<void> {
    const { database, escalations, figures } = this.#options
    const { id, location, date, metric, value, limit } = alert
    database.exec('BEGIN IMMEDIATE')
    database
      .prepare('INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, ?, ?, ?)')
      .run(id, location, date, metric, value, limit)
    const inserted = database
      .prepare('INSERT OR IGNORE INTO escalations (alert_id) VALUES (?)')
      .run(id)
    database.exec('COMMIT')
    await figures.add(alert)
    if (inserted.changes > 0) await escalations.start(id)
  }

  #readCursor(): number {
    const row = this.#options.database.prepare('SELECT sequence FROM alert_desk').get()
    return Number(row?.['sequence'] ?? 0)
  }

  #writeCursor(sequence: number): void {
    this.#options.database
      .prepare('INSERT OR REPLACE INTO alert_desk (id, sequence) VALUES (1, ?)')
      .run(sequence)
  }
}
