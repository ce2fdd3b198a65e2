import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { ServerContext } from '../server/context.ts'
import { type CommandGate, isWritingExec, NOREPLICAS } from './gate.ts'

/** For a server of no group whose `min-replicas-to-write` asks for replicas. */
class LoneGate implements CommandGate {
  readonly #server: ServerContext

  constructor(server: ServerContext) {
    this.#server = server
  }

  refuse(client: Client, command: Command): string | undefined {
    return command.isWrite || isWritingExec(client, command) ? this.refuseWrite() : undefined
  }

  refuseInScript(
    command: Command,
    _args: readonly Bytes[],
    hasWritten: boolean,
  ): string | undefined {
    return command.isWrite && !hasWritten ? this.refuseWrite() : undefined
  }

  refuseWrite(): string | undefined {
    const { settings, downstream } = this.#server
    const { minReplicasToWrite, minReplicasMaxLag } = settings
    return downstream.roster.countWithin(minReplicasMaxLag) < minReplicasToWrite
      ? NOREPLICAS
      : undefined
  }
}

/** The gate of a server that follows no other by REPLICAOF; undefined when it refuses nothing. */
export function gateOf(server: ServerContext): CommandGate | undefined {
  const { replication, settings } = server
  if (replication !== undefined) return replication.gate
  const { minReplicasToWrite, minReplicasMaxLag } = settings
  return minReplicasToWrite > 0 && minReplicasMaxLag > 0 ? new LoneGate(server) : undefined
}
