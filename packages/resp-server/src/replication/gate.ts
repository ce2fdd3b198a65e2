import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import type { Settings } from '../config/settings.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { Replication } from './replication.ts'

export const READONLY = "READONLY You can't write against a read only replica."
export const LOADING = 'LOADING Redis is loading the dataset in memory'
export const NOREPLICAS = 'NOREPLICAS Not enough good replicas to write.'

/** What a server does not do because of what it is at the moment. */
export interface CommandGate {
  /** The error to answer, if the command must not run. */
  refuse(client: Client, command: Command, args: readonly Bytes[]): string | undefined
  /** As {@link refuse}, for what a script calls. */
  refuseInScript(command: Command, args: readonly string[], hasWritten: boolean): string | undefined
  refuseWrite(): string | undefined
}

/** The gate of a node of a group. */
export class Gate implements CommandGate {
  readonly #replication: Replication
  readonly #settings: Settings

  constructor(replication: Replication, settings: Settings) {
    this.#replication = replication
    this.#settings = settings
  }

  refuse(client: Client, command: Command, args: readonly Bytes[]): string | undefined {
    if (!this.#replication.isComplete && !command.flags.has('loading')) return LOADING
    const redirection = this.#replication.cluster?.refuse(client, command, args)
    if (redirection !== undefined) return redirection
    return command.isWrite || isWritingExec(client, command) ? this.refuseWrite() : undefined
  }

  refuseInScript(
    command: Command,
    args: readonly string[],
    hasWritten: boolean,
  ): string | undefined {
    const foreign = this.#replication.cluster?.refuseInScript(command, args)
    if (foreign !== undefined) return foreign
    // half a script is worse than a write that is void in the end
    return command.isWrite && !hasWritten ? this.refuseWrite() : undefined
  }

  refuseWrite(): string | undefined {
    const replication = this.#replication
    if (!replication.isWritable) return READONLY
    const { minReplicasToWrite, minReplicasMaxLag } = this.#settings
    if (minReplicasToWrite === 0 || minReplicasMaxLag === 0) return undefined
    const good = replication.countWithin(minReplicasMaxLag * 1000)
    return good < minReplicasToWrite ? NOREPLICAS : undefined
  }
}

export const isWritingExec = (client: Client, command: Command): boolean =>
  command.fullName === 'exec' &&
  client.transaction?.queue.some((queued) => queued.command.isWrite) === true
