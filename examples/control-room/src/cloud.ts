import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Replicator } from '@ashlar/pubsub-replicator'
import { type Api, createApi } from '@ashlar/schema-api'
import type { Transport } from '@ashlar/transport'
import { AlertDesk } from './alert-desk.ts'
import { openDatabase } from './database.ts'
import { Escalations } from './escalations.ts'
import { LiveFigures } from './live-figures.ts'
import type { Threshold } from './thresholds.ts'

export interface CloudOptions {
  readonly path: string
  readonly transport: Transport
  /** Tasks are kept by the transport, not in a folder. */
  readonly clustered: boolean
  readonly httpPort: number
  readonly redisPort: number
  readonly stepMs: number
  readonly onError: (error: unknown) => void
}

/** The cloud's part: thresholds out, alerts in, escalations, figures and the data API. */
export class Cloud {
  readonly replicator: Replicator
  readonly escalations: Escalations
  readonly figures: LiveFigures
  readonly url: string
  readonly #database: DatabaseSync
  readonly #api: Api
  readonly #desk: AlertDesk

  private constructor(parts: Parts) {
    this.replicator = parts.replicator
    this.escalations = parts.escalations
    this.figures = parts.figures
    this.url = parts.url
    this.#database = parts.database
    this.#api = parts.api
    this.#desk = new AlertDesk(parts)
  }

  static async open(options: CloudOptions): Promise<Cloud> {
    const { path, transport, stepMs, onError } = options
    const database = openDatabase(join(path, 'control-room.db'))
    const replicator = await Replicator.open({
      node: 'cloud',
      path: join(path, 'replica'),
      transport,
      tables: [{ name: 'thresholds', publish: true }, { name: 'alerts' }],
    })
    replicator.subscribe({ table: 'alerts' })
    const figures = await LiveFigures.open({ path: join(path, 'figures'), port: options.redisPort })
    const tasks = options.clustered ? { transport } : { path: join(path, 'tasks') }
    const escalations = await Escalations.open({ tasks, database, stepMs })
    const api = await createApi({
      database: `sqlite:${join(path, 'control-room.db')}`,
      hidden: ['alert_desk'],
      events: { onError },
    })
    const { url } = await api.listen({ port: options.httpPort })
    const cloud = new Cloud({ replicator, figures, escalations, database, api, url })
    await cloud.#start(onError)
    return cloud
  }

  /** Rows of the SQL database, counted. */
  count(table: 'alerts' | 'escalations', where = 'true'): number {
    const row = this.#database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${where}`).get()
    return Number(row?.['n'])
  }

  async close(): Promise<void> {
    await this.#api.close()
    await this.#desk.close()
    await this.escalations.close()
    await this.replicator.close()
    await this.figures.close()
    this.#database.close()
  }

  async #start(onError: (error: unknown) => void): Promise<void> {
    // where the services meet: two changes in SQL that somebody else wants to know of
    this.#api.onChange(async ({ collection, keys, data }) => {
      if (collection === 'thresholds') await this.#publishThresholds()
      if (collection !== 'escalations') return
      for (const [index, key] of keys.entries()) {
        const isDone = data[index]?.['status'] === 'acknowledged'
        if (isDone) await this.escalations.acknowledge(String(key))
      }
    })
    await this.#publishThresholds()
    this.#desk.start(onError)
  }

  /** Makes the replicated table what SQL says; so a crash between the two heals at the next start. */
  async #publishThresholds(): Promise<void> {
    const rows = this.#database.prepare('SELECT * FROM thresholds').all()
    const wanted = new Map(rows.map((row) => [String(row['id']), { ...row }]))
    await this.replicator.transaction((transaction) => {
      const table = transaction.table('thresholds')
      for (const [id, row] of wanted) {
        if (JSON.stringify(table.get(id)) !== JSON.stringify(row)) table.put(id, row)
      }
    })
    const table = this.replicator.table<Threshold & Record<string, unknown>>('thresholds')
    for await (const [id] of table.scan()) if (!wanted.has(String(id))) await table.delete(id)
  }
}

interface Parts {
  readonly replicator: Replicator
  readonly escalations: Escalations
  readonly figures: LiveFigures
  readonly url: string
  readonly database: DatabaseSync
  readonly api: Api
}
