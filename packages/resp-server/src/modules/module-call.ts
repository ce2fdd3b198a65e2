import type { Client } from '../clients/client.ts'
import { acceptsCount } from '../commands/command-table.ts'
import { serveOrWait } from '../commands/waiting.ts'
import { ReplyError } from '../errors.ts'
import type { Reply } from '../protocol/reply.ts'
import { type RespValue, ValueWriter } from '../protocol/value-writer.ts'
import { KeyAccess, type Keys } from './keys.ts'
import type { ModuleHost } from './module-host.ts'

/** Who sent a command. */
export interface Caller {
  readonly id: number
  readonly name: string
  readonly user: string
  /** 2 or 3: replies are the same calls for both. */
  readonly protocol: 2 | 3
}

/** How a command waits for keys. */
export interface WaitOptions {
  readonly keys: readonly string[]
  /** 0: for ever. */
  readonly timeoutMs: number
  /** Writes the reply if the key can serve it; false leaves the client waiting. */
  serve(key: string): boolean
  /** Writes the reply when the time is up; at once where nothing can wait. */
  timedOut(): void
}

/** A client that waits for something that is no key. */
export interface ParkedClient {
  /** False once it was answered, timed out, unblocked or gone. */
  readonly isWaiting: boolean
  /** Writes its reply through `call.reply`. Ignored when it does not wait any more. */
  answer(write: () => void): void
}

/** One call of a module's command. Good until the reply is written. */
export interface ModuleCall {
  readonly reply: Reply
  readonly keys: Keys
  readonly host: ModuleHost
  readonly caller: Caller
  /** False within MULTI and scripts, where nothing waits. */
  readonly canWait: boolean
  /**
   * Runs another command now, as the caller and with the caller's permissions, in the same
   * transaction. Strings of its reply are byte strings. Throws its error reply. Commands that
   * scripts may not call are refused, and what scripts could not do here: on a server that follows
   * another those that write, in a cluster keys of slots that this node does not have.
   */
  execute(args: readonly string[]): RespValue
  /**
   * Serves the call from the first key that can serve it, or lets it wait, first come first served,
   * until a command makes one of them ready.
   */
  waitForKeys(options: WaitOptions): void
  /**
   * Lets the call wait for anything else; CLIENT UNBLOCK ends that when there is a `timedOut`. Throws
   * a ReplyError where nothing can wait.
   */
  park(options?: { readonly timeoutMs?: number; timedOut?(): void }): ParkedClient
  /** As {@link park}, until a promise settles; a rejection is answered as an error. */
  waitFor<T>(work: Promise<T>, answer: (result: T) => void): void
}

/** {@link ModuleCall} of a client. */
export class ClientCall implements ModuleCall {
  readonly host: ModuleHost
  readonly keys: Keys
  readonly #client: Client
  /** Who waits: a script acts for the client that called it. */
  readonly #executor: CommandRunner

  constructor(client: Client, host: ModuleHost, executor: CommandRunner) {
    this.#client = client
    this.host = host
    this.#executor = executor
    const { modules } = client.server
    this.keys = new KeyAccess(client.database, () => modules.refusalInCommand)
  }

  get reply(): Reply {
    return this.#client.reply
  }

  get caller(): Caller {
    const { id, name, user, reply } = this.#client
    return { id, name, user: user.name, protocol: reply.version }
  }

  get canWait(): boolean {
    return !this.#client.isInTransaction && !this.#client.isScript
  }

  execute(args: readonly string[]): RespValue {
    return this.#executor.run(this.#client, args)
  }

  waitForKeys({ keys, timeoutMs, serve, timedOut }: WaitOptions): void {
    if (this.canWait) serveOrWait(this.#client, keys, timeoutMs, serve, timedOut)
    else if (!keys.some((key) => serve(key))) timedOut()
  }

  park({ timeoutMs = 0, timedOut }: { timeoutMs?: number; timedOut?(): void } = {}): ParkedClient {
    if (!this.canWait) {
      throw new ReplyError('ERR Blocking module command called from transaction or script')
    }
    const client = this.#client
    const { server } = client
    const parked = { isWaiting: true, answer }
    const end = (): void => {
      parked.isWaiting = false
      if (timedOut === undefined) client.reply.null()
      else timedOut()
    }
    server.blocking.block(client, {
      keys: [],
      timeoutMs,
      serve: () => false,
      timedOut: end,
      isUnblockable: timedOut !== undefined,
    })
    const state = client.blocked
    function answer(write: () => void): void {
      // unblocked with an error or disconnected, it waits no more or for something else
      if (!parked.isWaiting || client.blocked !== state || client.isClosing) {
        parked.isWaiting = false
        return
      }
      parked.isWaiting = false
      server.blocking.answer(client, write)
    }
    return parked
  }

  waitFor<T>(work: Promise<T>, answer: (result: T) => void): void {
    const parked = this.park()
    const { reply } = this
    work.then(
      (result) => parked.answer(() => answer(result)),
      (error: unknown) => {
        const line = error instanceof ReplyError ? error.message : `ERR ${reasonOf(error)}`
        parked.answer(() => reply.error(line))
      },
    )
  }
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/[\r\n]+/g, ' ')

/** Runs commands from within a command. */
export class CommandRunner {
  #answer: RespValue
  readonly #writer: ValueWriter

  constructor() {
    this.#writer = new ValueWriter(
      (value) => {
        this.#answer = value
      },
      () => {},
      () => {},
    )
    this.#writer.asBytes = true
  }

  run(client: Client, args: readonly string[]): RespValue {
    const { server } = client
    const command = server.commands.resolve(args)
    if (command === undefined) throw new ReplyError(`ERR unknown command '${args[0] ?? ''}'`)
    if (!acceptsCount(command, args.length)) {
      throw new ReplyError(`ERR wrong number of arguments for '${command.fullName}' command`)
    }
    if (command.flags.has('noscript') && !command.flags.has('blocking')) {
      throw new ReplyError(`ERR '${command.fullName}' cannot be called from within a command`)
    }
    const denial = server.acl.check(client, command, args, 'toplevel')
    if (denial !== undefined) throw new ReplyError('NOPERM the caller may not run this command')
    const refusal = server.modules.refuseInCommand(command, args)
    if (refusal !== undefined) throw new ReplyError(refusal)
    const { reply, isInTransaction } = client
    client.reply = this.#writer
    // what could wait answers at once
    client.isInTransaction = true
    try {
      server.call(client, { command, args })
    } finally {
      client.reply = reply
      client.isInTransaction = isInTransaction
    }
    const answer = this.#answer
    this.#answer = undefined
    if (answer instanceof ReplyError) throw answer
    return answer
  }
}
