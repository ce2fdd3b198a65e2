import { createServer, type RespServer } from '@ashlar/resp-server'
import type { Alert } from './thresholds.ts'

export interface LiveFiguresOptions {
  readonly path: string
  readonly port: number
}

/**
 * Figures that any Redis client can read and subscribe to. Every write is one that may be repeated:
 * after a crash the same alert is counted once.
 */
export class LiveFigures {
  readonly #server: RespServer

  private constructor(server: RespServer) {
    this.#server = server
  }

  static async open({ path, port }: LiveFiguresOptions): Promise<LiveFigures> {
    const server = await createServer({ path, port, appendFsync: 'everysec' })
    return new LiveFigures(server)
  }

  get port(): number {
    return this.#server.address.port ?? 0
  }

  /** Counts an alert, ranks its value, remembers it and tells subscribers. */
  async add(alert: Alert): Promise<void> {
    const { id, location, date, metric, value, limit } = alert
    const run = (...command: (string | number)[]): Promise<unknown> => this.#server.execute(command)
    await run('ZADD', `alerts:${metric}`, value, `${location} ${date}`)
    await run('SADD', `alerts:${location}`, id)
    const count = await run('SCARD', `alerts:${location}`)
    await run(
      ...['HSET', `figures:${location}`, 'alerts', Number(count), 'last', date],
      ...['metric', metric, 'value', value, 'limit', limit],
    )
    await run('PUBLISH', 'alerts', JSON.stringify(alert))
  }

  async close(): Promise<void> {
    await this.#server.close()
  }
}
