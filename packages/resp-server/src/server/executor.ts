import { denialLine } from '../acl/acl.ts'
import type { BlockedRequest } from '../clients/blocking.ts'
import type { Client, QueuedCommand } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import { acceptsCount, wrongArity } from '../commands/command-table.ts'
import { findKeys } from '../commands/key-positions.ts'
import { CountedReplyError, ReplyError } from '../errors.ts'
import { asText, type Bytes } from '../protocol/reply.ts'
import { SILENT } from '../protocol/silent-reply.ts'
import type { ServerContext } from './context.ts'
import { LargeArguments } from './large-arguments.ts'

/** Commands that a transaction does not queue. */
const NEVER_QUEUED: ReadonlySet<string> = new Set([
  'exec',
  'discard',
  'multi',
  'watch',
  'quit',
  'reset',
])
/** What a RESP2 client with subscriptions may send. */
const SUBSCRIBER_COMMANDS: ReadonlySet<string> = new Set([
  'ping',
  'subscribe',
  'unsubscribe',
  'psubscribe',
  'punsubscribe',
  'ssubscribe',
  'sunsubscribe',
  'quit',
  'reset',
])
const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
const ECHOED_ARGUMENT_BYTES = 128
/** Requests of a pipeline that see the same time: a look at the clock costs as much as a GET. */
const REQUESTS_PER_TIME = 16

/** Takes a request from arrival to reply: lookup, checks, queueing, the call, and what follows. */
export class Executor {
  readonly #server: ServerContext
  /** Called when the client named an HTTP verb: it is no Redis client. */
  readonly #onForeignProtocol: (client: Client) => void
  readonly #large: LargeArguments
  #untilRefresh = 0
  #willRefresh = false
  #lastName: string | undefined
  #lastCommand: Command | undefined

  constructor(server: ServerContext, onForeignProtocol: (client: Client) => void) {
    this.#server = server
    this.#large = new LargeArguments(server, (client, args) => this.execute(client, args))
    this.#onForeignProtocol = onForeignProtocol
  }

  /** A chunk of requests of one client has come. */
  begin(): void {
    if (this.#server.scripting.runner.isBusy) return
    this.#untilRefresh = 0
    this.#server.timing.begin()
  }

  /** The requests are through. */
  end(): void {
    this.#server.timing.end()
    this.#untilRefresh = 0
  }

  /** A call from within the process has run: those that follow at once see the same time. */
  endOfCall(): void {
    if (this.#willRefresh) return
    this.#willRefresh = true
    queueMicrotask(this.#refreshNext)
  }

  readonly #refreshNext = (): void => {
    this.#willRefresh = false
    this.#untilRefresh = 0
  }

  /** Runs one request. Never throws for what a client can cause. */
  execute(client: Client, args: readonly Bytes[]): void {
    const server = this.#server
    if (server.scripting.runner.isBusy) {
      this.executeWhileBusy(client, args)
      return
    }
    let command = this.find(args[0] as Bytes)
    if (command?.subcommands !== undefined && args.length > 1) {
      command = command.subcommands.get(asText(args[1] as Bytes).toLowerCase()) ?? command
    }
    this.seeTime()
    client.lastInteraction = server.keyspace.now
    const refusal = this.#refuse(client, command, args)
    if (refusal !== undefined) {
      if (command !== undefined) command.rejected += 1
      this.#reject(client, command, refusal)
    } else if (command !== undefined) {
      client.lastCommand = command
      if (client.transaction !== undefined && !NEVER_QUEUED.has(command.fullName)) {
        client.transaction.queue.push({ command, args })
        for (const argument of args) client.transaction.bytes += argument.length
        client.reply.simple('QUEUED')
      } else if (server.pause.mode !== 'none' && this.#isPaused(client, command, args)) {
        this.#postpone(client, args)
        return
      } else if (command.takesBuffers && this.#large.holdsBack(client, command, args)) {
        return
      } else {
        this.call(client, command, args)
        if (server.blocking.hasReady) server.blocking.serveReady()
        if (server.modules.changes.isPending) server.modules.changes.deliver()
      }
    }
    if (client.replyMode !== 'on') this.#advanceReplyMode(client)
    if (server.tracking.isOn) this.#endTracked(client, command)
    if (server.downstream.isOn) server.downstream.endOfUnit()
    if (command?.takesBuffers === true) this.#large.ended(args)
    server.durability.endOfCommand()
  }

  /** A request is about to run: looks at the clock unless one just before has. */
  seeTime(): void {
    this.#untilRefresh -= 1
    if (this.#untilRefresh >= 0) return
    this.#untilRefresh = REQUESTS_PER_TIME - 1
    this.#server.keyspace.refreshTime()
  }

  /** The command of this name. The same one comes many times in a row. */
  find(name: Bytes): Command | undefined {
    if (name === this.#lastName) return this.#lastCommand
    const command = this.#server.commands.find(asText(name))
    if (command === undefined || typeof name !== 'string') return command
    this.#lastName = name
    this.#lastCommand = command
    return command
  }

  /** As {@link execute} while a script is over its time: little may run now. */
  executeWhileBusy(client: Client, args: readonly Bytes[]): void {
    const { commands, scripting } = this.#server
    const command = commands.resolve(args.map(asText)) ?? commands.find(asText(args[0] as Bytes))
    const isAllowed = command?.flags.has('allow_busy') === true
    const refusal =
      this.#refuse(client, command, args) ?? (isAllowed ? undefined : scripting.runner.busyError)
    if (refusal !== undefined) {
      if (command !== undefined) command.rejected += 1
      this.#reject(client, command, refusal)
    } else if (command !== undefined) {
      this.call(client, command, args)
    }
    if (client.replyMode !== 'on') this.#advanceReplyMode(client)
  }

  /** Runs a command without further checks. */
  call(client: Client, command: Command, args: readonly Bytes[]): void {
    const server = this.#server
    server.statistics.commands += 1
    command.calls += 1
    if (server.tracking.isOn) this.#track(client, command, args)
    if (server.timing.timesAlone(command)) {
      const since = server.timing.look()
      this.#run(client, command, args)
      const microseconds = (server.timing.look() - since) * 1000
      // one that waits counts when it has been served
      if (client.blocked === undefined || !command.flags.has('blocking')) {
        server.timing.add(client, command, args, microseconds, server.keyspace.now)
      } else {
        command.calls -= 1
        client.blocked.request = { command, args, microseconds }
      }
    } else {
      this.#run(client, command, args)
      server.timing.note(command)
    }
    if (server.modules.changes.isPending) server.modules.changes.deliver()
    if (server.monitors.size > 0) {
      server.monitors.feed(client, command, args, server.clock.now())
    }
  }

  #run(client: Client, command: Command, args: readonly Bytes[]): void {
    const { downstream, keyspace } = this.#server
    keyspace.noTouch = client.noTouch
    const before = downstream.isOn ? downstream.changes : -1
    try {
      command.handler?.(client, command.takesBuffers ? args : asStrings(args))
      if (client.hasFailed) {
        client.hasFailed = false
        command.failed += 1
      }
    } catch (error) {
      this.failed(client, command, error)
    }
    if (before !== -1) downstream.ran(client, command, args, before)
  }

  /** A command threw: answers what the client is to know of it. */
  failed(client: Client, command: Command, error: unknown): void {
    command.failed += 1
    if (!(error instanceof ReplyError)) this.#reportDefect(command, error)
    const line = error instanceof ReplyError ? error.message : 'ERR internal error, see the log'
    client.reply.error(line, error instanceof CountedReplyError)
  }

  /** A command that waited has got its answer, which took so long to make. */
  served(client: Client, request: BlockedRequest, microseconds: number, isFailed: boolean): void {
    const { command, args } = request
    const { timing, keyspace } = this.#server
    command.calls += 1
    if (isFailed) command.failed += 1
    timing.add(client, command, args, request.microseconds + microseconds, keyspace.now)
  }

  callQueued(client: Client, queued: QueuedCommand): void {
    this.call(client, queued.command, queued.args)
  }

  /** CLIENT PAUSE holds it back: everything, or what may change something. */
  #isPaused(client: Client, command: Command, args: readonly Bytes[]): boolean {
    if (this.#server.pause.mode === 'all') return true
    const { transaction } = client
    if (command.fullName === 'exec') {
      return (
        transaction?.queue.some((queued) => this.#mayWrite(queued.command, queued.args)) === true
      )
    }
    return this.#mayWrite(command, args)
  }

  #mayWrite(command: Command, args: readonly Bytes[]): boolean {
    if (command.isWrite) return true
    if (!command.flags.has('may_replicate')) return false
    return !this.#server.scripting.isReadOnly(command.fullName, asText(args[1] ?? ''))
  }

  #postpone(client: Client, args: readonly Bytes[]): void {
    const { blocking, pause } = this.#server
    blocking.block(client, { keys: [], timeoutMs: 0, serve: () => false, timedOut: () => {} })
    pause.postpone(client, args)
  }

  /** Remembers what a client that tracks reads, and who changes keys. */
  #track(client: Client, command: Command, args: readonly Bytes[]): void {
    const { keyspace, tracking, scripting, settings } = this.#server
    const reader = scripting.runner.run?.caller ?? client
    keyspace.changedBy = reader
    const state = reader.tracking
    if (state === undefined || state.broadcasts || !command.flags.has('readonly')) return
    if (state.mode === 'optin' && state.caching !== 'yes') return
    if (state.mode === 'optout' && state.caching === 'no') return
    if (command.flags.has('no_mandatory_keys')) return
    // a script that reads is taken to have read all keys that it was given
    const { run } = scripting.runner
    const texts = (run?.command ?? args).map(asText)
    const keys =
      run === undefined
        ? findKeys(command, texts)?.map(({ position }) => texts[position] as string)
        : texts.slice(3, 3 + Number(texts[2]))
    tracking.remember(reader, keys ?? [], settings.trackingTableMaxKeys)
  }

  /** CLIENT CACHING holds for one command or transaction; invalidations follow the reply. */
  #endTracked(client: Client, command: Command | undefined): void {
    const { tracking, keyspace } = this.#server
    const state = client.tracking
    if (state !== undefined && client.transaction === undefined) {
      if (command?.fullName !== 'client|caching') state.caching = 'none'
    }
    keyspace.changedBy = undefined
    tracking.flush()
  }

  #refuse(
    client: Client,
    command: Command | undefined,
    args: readonly Bytes[],
  ): string | undefined {
    if (command === undefined) return this.#unknown(client, args)
    if (command.subcommands !== undefined && args.length > 1) {
      const sub = shown(args[1] as Bytes).slice(0, ECHOED_ARGUMENT_BYTES)
      const help = command.fullName.toUpperCase()
      return `ERR unknown subcommand '${sub}'. Try ${help} HELP.`
    }
    if (!acceptsCount(command, args.length)) return wrongArity(command).message
    if (!client.isAuthenticated && !command.flags.has('no_auth')) {
      return 'NOAUTH Authentication required.'
    }
    if (client.transaction !== undefined && command.flags.has('no_multi')) {
      return 'ERR Command not allowed inside a transaction'
    }
    if (!client.user.isUnrestricted) {
      const context = client.transaction === undefined ? 'toplevel' : 'multi'
      const denial = this.#server.acl.check(client, command, args, context)
      if (denial !== undefined) return denialLine(denial, command)
    }
    const refusal = this.#server.gate?.refuse(client, command, args)
    if (refusal !== undefined) return refusal
    const { failure } = this.#server.durability
    if (failure !== undefined && command.isWrite) {
      return `MISCONF Errors writing to the AOF file: ${failure.message}`
    }
    if (this.#server.settings.maxmemory > 0) {
      const refusal = this.#refuseForMemory(client, command, args)
      if (refusal !== undefined) return refusal
    }
    if (client.isSubscriber && client.reply.version === 2) {
      if (!SUBSCRIBER_COMMANDS.has(command.fullName)) {
        const allowed = '(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed'
        return `ERR Can't execute '${command.fullName}': only ${allowed} in this context`
      }
    }
    return undefined
  }

  /** Makes room; without any, refuses what may need more. */
  #refuseForMemory(client: Client, command: Command, args: readonly Bytes[]): string | undefined {
    const { eviction, scripting, tracking, isReplica } = this.#server
    // a follower holds what its primary holds
    if (scripting.runner.isBusy || isReplica) return undefined
    const isOutOfMemory = !eviction.makeRoom()
    scripting.runner.isOutOfMemory = isOutOfMemory
    if (tracking.isOn) tracking.flush()
    if (!isOutOfMemory) return undefined
    const { transaction } = client
    const needsMemory =
      command.flags.has('denyoom') ||
      (transaction !== undefined && !NEVER_QUEUED.has(command.fullName)) ||
      (command.fullName === 'exec' &&
        transaction?.queue.some((queued) => queued.command.flags.has('denyoom')) === true) ||
      scripting.needsMemory(command.fullName, asText(args[1] ?? ''))
    return needsMemory ? OUT_OF_MEMORY : undefined
  }

  /** A command refused while queueing spoils the transaction; a refused EXEC ends it. */
  #reject(client: Client, command: Command | undefined, refusal: string): void {
    if (command?.fullName === 'exec') {
      client.discardTransaction()
      const reason = refusal.replace(/^ERR /, '')
      client.reply.error(`EXECABORT Transaction discarded because of: ${reason}`)
      return
    }
    if (client.transaction !== undefined) client.transaction.isAborted = true
    client.reply.error(refusal)
  }

  #unknown(client: Client, args: readonly Bytes[]): string {
    const name = asText(args[0] as Bytes)
    if (/^(?:post|host:)$/i.test(name)) this.#onForeignProtocol(client)
    let echoed = ''
    for (let at = 1; at < args.length && echoed.length < ECHOED_ARGUMENT_BYTES; at += 1) {
      echoed += `'${shown(args[at] as Bytes).slice(0, ECHOED_ARGUMENT_BYTES - echoed.length)}' `
    }
    const start = shown(name).slice(0, ECHOED_ARGUMENT_BYTES)
    return `ERR unknown command '${start}', with args beginning with: ${echoed}`
  }

  /** CLIENT REPLY SKIP silences the command after it. */
  #advanceReplyMode(client: Client): void {
    if (client.replyMode === 'skip-next') {
      client.replyMode = 'skip'
      client.reply = SILENT
    } else if (client.replyMode === 'skip') {
      client.replyMode = 'on'
      client.reply = client.output
    }
  }

  #reportDefect(command: Command, error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#server.logger.error('a command failed unexpectedly', { command: command.fullName, stack })
  }
}

/** Redis prints these as C strings, which end at the first zero byte. */
const shown = (bytes: Bytes): string => asText(bytes).split('\0', 1)[0] as string

function asStrings(args: readonly Bytes[]): readonly Bytes[] {
  for (const argument of args) {
    if (typeof argument !== 'string') return args.map(asText)
  }
  return args
}
