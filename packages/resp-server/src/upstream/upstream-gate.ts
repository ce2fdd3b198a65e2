import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import { type CommandGate, isWritingExec, LOADING, READONLY } from '../replication/gate.ts'
import type { ServerContext } from '../server/context.ts'
import type { Upstream } from './upstream.ts'

const MASTERDOWN =
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
/** They end what the others wait for. */
const ALWAYS: ReadonlySet<string> = new Set(['replicaof', 'slaveof'])

/** What a server that follows another does not do for its own clients. */
export class UpstreamGate implements CommandGate {
  readonly #upstream: Upstream
  readonly #server: ServerContext

  constructor(upstream: Upstream, server: ServerContext) {
    this.#upstream = upstream
    this.#server = server
  }

  refuse(client: Client, command: Command): string | undefined {
    const { isWhole, isLinkUp } = this.#upstream
    if (ALWAYS.has(command.fullName)) return undefined
    if (!isWhole && !command.flags.has('loading')) return LOADING
    const isStale = !isLinkUp && !this.#server.settings.replicaServeStaleData
    if (isStale && !command.flags.has('stale')) return MASTERDOWN
    return command.isWrite || isWritingExec(client, command) ? this.refuseWrite() : undefined
  }

  refuseInScript(command: Command): string | undefined {
    return command.isWrite ? this.refuseWrite() : undefined
  }

  refuseWrite(): string | undefined {
    return this.#server.settings.replicaReadOnly ? READONLY : undefined
  }
}
