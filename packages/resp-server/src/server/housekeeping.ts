import type { Timer } from '@ashlar/codec'
import type { Connection } from '../network/connection.ts'
import { isSaveDue } from '../persistence/save-rules.ts'
import type { ServerContext } from './context.ts'
import { sweepOf } from './sweep-of.ts'

/** How often idle clients and silent outputs are looked at. */
const INTERVAL_MS = 1000

/** What is looked after now and then, whether anybody asks or not. */
export class Housekeeping {
  readonly #server: ServerContext
  readonly #connections: ReadonlySet<Connection>
  #timer: Timer | undefined
  #isSaving = false

  constructor(server: ServerContext, connections: ReadonlySet<Connection>) {
    this.#server = server
    this.#connections = connections
    server.keyspace.sweep = sweepOf(server)
  }

  start(): void {
    this.#timer = this.#server.clock.setTimer(() => {
      this.#saveWhenDue()
      this.#server.keyspace.refreshTime()
      this.#closeIdle()
      this.start()
    }, INTERVAL_MS)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #closeIdle(): void {
    const { settings, clock } = this.#server
    const { timeoutSeconds } = settings
    const oldest = clock.now() - timeoutSeconds * 1000
    for (const connection of this.#connections) connection.checkSoftLimit()
    for (const { client } of timeoutSeconds > 0 ? this.#connections : []) {
      const isIdle = client.lastInteraction < oldest && client.blocked === undefined
      const isKept = client.isSubscriber || this.#server.downstream.of(client) !== undefined
      if (isIdle && !isKept) client.transport.close('now')
    }
  }

  #saveWhenDue(): void {
    if (this.#isSaving || !isSaveDue(this.#server)) return
    this.#isSaving = true
    this.#server
      .save()
      .catch((error: unknown) => {
        this.#server.logger.error('a save failed', { error: String(error) })
      })
      .finally(() => {
        this.#isSaving = false
      })
  }
}
