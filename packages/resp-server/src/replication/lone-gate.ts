import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { ServerContext } from '../server/context.ts'
import { type CommandGate, isWritingExec, NOREPLICAS } from './gate.ts'

/** For a server without replicas whose `min-replicas-to-write` asks for some. */
const LONE_GATE: CommandGate = {
  refuse: (client: Client, command: Command): string | undefined =>
    command.isWrite || isWritingExec(client, command) ? NOREPLICAS : undefined,
  refuseInScript: (
    command: Command,
    _args: readonly Bytes[],
    hasWritten: boolean,
  ): string | undefined => (command.isWrite && !hasWritten ? NOREPLICAS : undefined),
  refuseWrite: (): string => NOREPLICAS,
}

/** The gate of a server that follows no other by REPLICAOF; undefined when it refuses nothing. */
export function gateOf({
  replication,
  settings,
}: Pick<ServerContext, 'replication' | 'settings'>): CommandGate | undefined {
  if (replication !== undefined) return replication.gate
  const { minReplicasToWrite, minReplicasMaxLag } = settings
  return minReplicasToWrite > 0 && minReplicasMaxLag > 0 ? LONE_GATE : undefined
}
