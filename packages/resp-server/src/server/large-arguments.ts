import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { ServerContext } from './context.ts'

/** Shorter arguments are written with the command: that takes no longer than a slow command. */
const STAGED_BYTES = 1024 * 1024

const isLarge = (argument: Bytes): argument is Buffer =>
  typeof argument !== 'string' && argument.length >= STAGED_BYTES

/** Values come behind the command's name and a key. */
const FIRST_VALUE = 2

function hasLarge(args: readonly Bytes[]): boolean {
  for (let at = FIRST_VALUE; at < args.length; at += 1) {
    if (isLarge(args[at] as Bytes)) return true
  }
  return false
}

/**
 * Holds back a command whose value is large until the store has the pieces of it, which takes turns of
 * the event loop in which others are served. The command itself then writes a small record.
 */
export class LargeArguments {
  readonly #server: ServerContext
  readonly #execute: (client: Client, args: readonly Bytes[]) => void

  /** `execute` is called with the request again, when its values are written. */
  constructor(server: ServerContext, execute: (client: Client, args: readonly Bytes[]) => void) {
    this.#server = server
    this.#execute = execute
  }

  /** True when the command has to wait, and will be executed then. */
  holdsBack(client: Client, command: Command, args: readonly Bytes[]): boolean {
    if (!hasLarge(args) || !command.isWrite) return false
    const { durability, blocking } = this.#server
    const table = client.database.table.id
    const isWanted = (): boolean => !client.isClosing
    const stages: Promise<void>[] = []
    for (const bytes of args) {
      const stage = isLarge(bytes) ? durability.stage({ table, bytes, isWanted }) : undefined
      if (stage !== undefined) stages.push(stage)
    }
    if (stages.length === 0) return false
    blocking.block(client, { keys: [], timeoutMs: 0, serve: () => false, timedOut: () => {} })
    const state = client.blocked
    void Promise.all(stages).then(() => {
      if (client.blocked === state) this.#goOn(client, args)
      else durability.endOfCommand()
    })
    return true
  }

  /** The command has run: what it did not use of its values goes. */
  ended(args: readonly Bytes[]): void {
    if (!hasLarge(args)) return
    const { durability } = this.#server
    for (const bytes of args) if (isLarge(bytes)) durability.endStage(bytes)
  }

  #goOn(client: Client, args: readonly Bytes[]): void {
    const { blocking } = this.#server
    blocking.release(client)
    this.#execute(client, args)
    client.transport.flush()
    client.transport.resume()
    this.#server.endOfTurn()
  }
}
