import { Client, type ClientTransport } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import { acceptsCount } from '../commands/command-table.ts'
import { CountedReplyError, ReplyError } from '../errors.ts'
import {
  type CommandError,
  createLuaRuntime,
  type LuaRuntime,
  LuaScriptError,
  type LuaValue,
  type RedisHost,
  writeLuaReply,
} from '../lua/index.ts'
import { READONLY } from '../replication/gate.ts'
import type { ServerContext } from '../server/context.ts'
import { REDIS_VERSION } from '../server/version.ts'
import { ClientSink } from './client-sink.ts'
import { ScriptReply } from './script-reply.ts'
import { ScriptInterrupted, type ScriptRequest, type ScriptRun } from './script-run.ts'

/** How often other clients are looked at while a script is over its time, in ms. */
const SERVE_EVERY_MS = 10
/** Time that FUNCTION LOAD may take, as in Redis. */
const LOAD_LIMIT_MS = 500

const NOWHERE: ClientTransport = {
  address: '',
  localAddress: '',
  isUnixSocket: false,
  fileDescriptor: -1,
  outputBytes: 0,
  inputBytes: 0,
  flush() {},
  resume() {},
  close() {},
}

const DENIALS = {
  command: "can't run this command or subcommand",
  key: "can't access at least one of the keys mentioned in the command arguments",
  channel: "can't publish to the channel mentioned in the command",
} as const

const READONLY_SCRIPT = 'READONLY You can not run script with write flag on readonly replica.'
const BUSY_SCRIPT =
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'
const BUSY_FUNCTION =
  'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.'

/** Runs scripts and functions one at a time, and their commands as those of a client. */
export class ScriptRunner implements RedisHost {
  readonly version: string = REDIS_VERSION
  run: ScriptRun | undefined
  /** The running script is over its time: other clients are answered in between. */
  isBusy = false
  /** There was no room left when the current command came. */
  isOutOfMemory = false
  readonly #server: ServerContext
  readonly #client: Client
  readonly #reply: ScriptReply
  #resp: 2 | 3 = 2
  #runtime: LuaRuntime | undefined
  #servedAt = 0
  #loadingSince: number | undefined

  constructor(server: ServerContext) {
    this.#server = server
    this.#reply = new ScriptReply(server.statistics.countError)
    this.#client = new Client(0, server, NOWHERE, this.#reply)
    this.#client.isAuthenticated = true
    // nothing waits within a script
    this.#client.isInTransaction = true
  }

  /** A runtime whose scripts are run by {@link execute} or {@link load}. */
  createRuntime(): LuaRuntime {
    const runtime = createLuaRuntime({ onCheck: () => this.#check(runtime) })
    return runtime
  }

  /** Runs a script and answers its caller. Throws ReplyError for what it did not catch. */
  execute(request: ScriptRequest, runtime: LuaRuntime, body: () => LuaValue): void {
    this.#runtime = runtime
    this.run = this.#begin(request)
    try {
      writeLuaReply(body(), new ClientSink(request.caller), this.#resp)
    } catch (error) {
      throw replyOf(error, request.name)
    } finally {
      this.run = undefined
      this.isBusy = false
    }
  }

  /** Runs the text of a library, for no longer than it needs to register its functions. */
  load(runtime: LuaRuntime, body: () => void): void {
    this.#runtime = runtime
    this.#loadingSince = this.#server.clock.monotonic()
    try {
      body()
    } finally {
      this.#loadingSince = undefined
    }
  }

  /** What was there before the script at work, and can be told from what it does itself. */
  get separable(): 'nothing' | 'replies' | 'changes' {
    const { run } = this
    if (run === undefined) return 'nothing'
    if (!run.isBehindWrites) return 'replies'
    // half a transaction must not be written
    return run.hasWritten || run.caller.isInTransaction ? 'nothing' : 'changes'
  }

  /** What clients are told while {@link isBusy}. */
  get busyError(): string {
    return this.run?.kind === 'function' ? BUSY_FUNCTION : BUSY_SCRIPT
  }

  kill(kind: ScriptRun['kind']): void {
    const { run } = this
    if (run === undefined) throw new ReplyError('NOTBUSY No scripts in execution right now.')
    if (run.hasWritten) {
      throw new ReplyError(
        'UNKILLABLE Sorry the script already executed write commands against the dataset. You ' +
          'can either wait the script termination or kill the server in a hard way using the ' +
          'SHUTDOWN NOSAVE command.',
      )
    }
    if (run.kind !== kind) throw new ReplyError(this.busyError)
    run.isKilled = true
  }

  /** Ends the running script whatever it has done: the process is about to go. */
  abort(): void {
    if (this.run !== undefined) this.run.isKilled = true
  }

  /** Milliseconds since the running script started. */
  get duration(): number {
    const since = this.run?.startedAt
    return since === undefined ? 0 : Math.floor(this.#server.clock.monotonic() - since)
  }

  call(args: readonly string[]): LuaValue | CommandError {
    const { run } = this
    if (run === undefined) return { error: 'ERR no script is running' }
    const server = this.#server
    const command = server.commands.resolve(args)
    const refusal = this.#refuse(run, command, args)
    if (refusal !== undefined || command === undefined) {
      if (command !== undefined) command.rejected += 1
      const error = refusal ?? 'ERR Unknown Redis command called from script'
      server.statistics.countError(error)
      return { error }
    }
    if (command.isWrite) run.hasWritten = true
    const reply = this.#reply
    reply.start(this.#resp)
    server.call(this.#client, { command, args })
    const { failure } = reply
    return failure === undefined ? reply.value : { error: failure }
  }

  log(level: number, message: string): void {
    const { logger } = this.#server
    const text = message.slice(0, 1024)
    if (level === 3) logger.warn(text, {})
    else if (level === 2) logger.info(text, {})
    else logger.debug(text, {})
  }

  setResp(version: 2 | 3): void {
    this.#resp = version
  }

  /** Effects go to the store whatever a script says: there is nobody else to send them to. */
  setRepl(): void {}

  aclCheckCommand(args: readonly string[]): boolean | undefined {
    const command = this.#server.commands.resolve(args)
    if (command === undefined || !acceptsCount(command, args.length)) return undefined
    const user = this.run?.caller.user
    return user === undefined || user.isUnrestricted || user.check(command, args) === undefined
  }

  #begin(request: ScriptRequest): ScriptRun {
    const { caller, flags, isReadOnlyCommand } = request
    const { failure, isUnwritten } = this.#server.durability
    const writes = flags !== undefined && !flags.has('no-writes')
    if (writes && failure !== undefined) {
      throw new ReplyError(
        "MISCONF Redis is configured to persist data to AOF, but it's currently unable to " +
          "persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only " +
          `scripts. AOF error: ${failure.message}`,
      )
    }
    if (writes && isReadOnlyCommand) {
      throw new ReplyError('ERR Can not execute a script with write flag using *_ro command.')
    }
    const refusal = writes ? this.#server.gate?.refuseWrite() : undefined
    if (refusal !== undefined)
      throw new ReplyError(refusal === READONLY ? READONLY_SCRIPT : refusal)
    if (writes && this.isOutOfMemory && !flags.has('allow-oom')) {
      throw new ReplyError(
        'OOM allow-oom flag is not set on the script, ' +
          "can not run it when used memory > 'maxmemory'",
      )
    }
    this.#resp = 2
    this.#client.database = caller.database
    this.#client.user = caller.user
    return {
      name: request.name,
      caller,
      command: request.command,
      kind: request.kind,
      flags,
      isReadOnlyCommand,
      isReadOnly: isReadOnlyCommand || flags?.has('no-writes') === true,
      allowsOutOfMemory: flags?.has('allow-oom') === true,
      isBehindWrites: isUnwritten,
      startedAt: undefined,
      hasWritten: false,
      isKilled: false,
    }
  }

  #refuse(
    run: ScriptRun,
    command: Command | undefined,
    args: readonly string[],
  ): string | undefined {
    if (command === undefined) return 'ERR Unknown Redis command called from script'
    if (!acceptsCount(command, args.length)) {
      return 'ERR Wrong number of args calling Redis command from script'
    }
    const { flags } = command
    if (command.isRefusedInScripts) return 'ERR This Redis command is not allowed from script'
    const denial = this.#server.acl.check(this.#client, command, args, 'lua')
    if (denial !== undefined) return `ERR The user executing the script ${DENIALS[denial.reason]}`
    if (run.isReadOnly && (command.isWrite || flags.has('may_replicate'))) {
      return 'ERR Write commands are not allowed from read-only scripts.'
    }
    const refusal = this.#server.gate?.refuseInScript(command, args, run.hasWritten)
    if (refusal !== undefined) return refusal
    const { failure } = this.#server.durability
    if (command.isWrite && failure !== undefined && !run.hasWritten) {
      return `MISCONF Errors writing to the AOF file: ${failure.message}`
    }
    if (this.isOutOfMemory && flags.has('denyoom') && !run.allowsOutOfMemory && !run.hasWritten) {
      return "OOM command not allowed when used memory > 'maxmemory'."
    }
    return undefined
  }

  /** Called every few thousand instructions of Lua. */
  #check(runtime: LuaRuntime): void {
    const now = this.#server.clock.monotonic()
    if (this.#loadingSince !== undefined && now - this.#loadingSince > LOAD_LIMIT_MS) {
      throw new ScriptInterrupted(runtime.interruption('FUNCTION LOAD timeout'))
    }
    const { run } = this
    if (run === undefined) return
    run.startedAt ??= now
    const limit = this.#server.settings.busyReplyThreshold
    if (limit > 0 && now - run.startedAt >= limit && now - this.#servedAt >= SERVE_EVERY_MS) {
      this.#servedAt = now
      this.isBusy = true
      this.#server.serveWhileBusy(run.caller)
    }
    if (run.isKilled && this.#runtime !== undefined) {
      const message = 'Script killed by user with SCRIPT KILL...'
      throw new ScriptInterrupted(this.#runtime.interruption(message))
    }
  }
}

/** What the caller is told of an error that ended the script. */
function replyOf(error: unknown, name: string): unknown {
  const failure = error instanceof ScriptInterrupted ? error.where : error
  if (!(failure instanceof LuaScriptError)) return error
  const line = failure.reply(name)
  return failure.isCounted ? new CountedReplyError(line) : new ReplyError(line)
}
