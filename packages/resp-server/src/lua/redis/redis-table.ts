import { createHash } from 'node:crypto'
import { type Args, libraryTable, toInt } from '../lib/arguments.ts'
import { toNumber } from '../runtime/arithmetic.ts'
import { textOf } from '../runtime/concatenation.ts'
import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import { type LuaFunction, type LuaValue, NOTHING } from '../value.ts'
import { commandArgument } from './lua-to-reply.ts'
import { errorTable } from './reply-to-lua.ts'

/** What the server does for scripts; all texts are byte strings. */
export interface RedisHost {
  /**
   * Runs a command of the running script and gives its reply as a Lua value (LuaReplyBuilder makes
   * it). An error reply is given as `{ error: 'CODE message' }`, never thrown.
   */
  call(args: readonly string[]): LuaValue | CommandError
  /** redis.log of a level from 0 (debug) to 3 (warning). */
  log(level: number, message: string): void
  /** The script wants replies of this protocol version from now on. */
  setResp(version: 2 | 3): void
  /** redis.set_repl: bit 1 is the append-only file, bit 2 the replicas. */
  setRepl(flags: number): void
  /** May the user run it? undefined when there is no such command. */
  aclCheckCommand(args: readonly string[]): boolean | undefined
  /** Such as `7.4.0`. */
  readonly version: string
}

/** An error reply of a command. */
export interface CommandError {
  readonly error: string
}

const REPL_ALL = 3
const LOG_LEVELS = { LOG_DEBUG: 0, LOG_VERBOSE: 1, LOG_NOTICE: 2, LOG_WARNING: 3 }
const REPL_TARGETS = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL }

/** The `redis` table of EVAL scripts. */
export function createRedisTable(context: LuaContext, host: RedisHost): LuaTable {
  return libraryTable({
    ...createCommands(context, host),
    ...createReplies(context),
    ...createControls(context, host),
    ...LOG_LEVELS,
    ...REPL_TARGETS,
    REDIS_VERSION: host.version,
    REDIS_VERSION_NUM: versionNumber(host.version),
  })
}

/** `7.0.15` as 0x0007000f. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return (major << 16) | (minor << 8) | patch
}

function createCommands(context: LuaContext, host: RedisHost): Record<string, LuaFunction> {
  return {
    call(...args) {
      const command = commandArguments(args)
      if (command instanceof LuaTable) throw context.error(command)
      const result = host.call(command)
      if (isCommandError(result)) throw context.error(errorTable(result.error, true))
      return result
    },
    pcall(...args) {
      const command = commandArguments(args)
      if (command instanceof LuaTable) return command
      const result = host.call(command)
      return isCommandError(result) ? errorTable(result.error, true) : result
    },
    acl_check_cmd(...args) {
      const command = commandArguments(args)
      if (command instanceof LuaTable) throw context.error(command)
      const allowed = host.aclCheckCommand(command)
      if (allowed !== undefined) return allowed
      throw failure(context, 'Invalid command passed to redis.acl_check_cmd()')
    },
  }
}

function isCommandError(result: LuaValue | CommandError): result is CommandError {
  return typeof result === 'object' && !(result instanceof LuaTable) && 'error' in result
}

function areStrings(args: Args): args is readonly string[] {
  for (let at = 0; at < args.length; at++) if (typeof args[at] !== 'string') return false
  return true
}

/**
 * The arguments as byte strings, or the error table when one is neither string nor number. The list
 * of arguments belongs to the call: when all of them are strings already it is the command.
 */
function commandArguments(args: Args): readonly string[] | LuaTable {
  if (args.length === 0) {
    return errorTable('ERR Please specify at least one argument for this redis lib call', false)
  }
  if (areStrings(args)) return args
  const command: string[] = []
  for (const value of args) {
    const text = commandArgument(value)
    if (text === undefined) {
      return errorTable('ERR Lua redis lib command arguments must be strings or integers', false)
    }
    command.push(text)
  }
  return command
}

/** An error raised as a table, as the functions of `redis` do; it has no position. */
function failure(context: LuaContext, message: string): Error {
  return context.error(errorTable(`ERR ${message}`, false))
}

function createReplies(context: LuaContext): Record<string, LuaFunction> {
  const badArguments = (): LuaTable => errorTable('ERR wrong number or type of arguments', false)
  return {
    error_reply(...args) {
      const [text] = args
      if (args.length !== 1 || typeof text !== 'string') return badArguments()
      return errorTable(text.startsWith('-') ? text.slice(1) : text, false)
    },
    status_reply(...args) {
      const [text] = args
      if (args.length !== 1 || typeof text !== 'string') return badArguments()
      return libraryTable({ ok: text })
    },
    sha1hex(...args) {
      if (args.length !== 1) throw failure(context, 'wrong number of arguments')
      return createHash('sha1')
        .update(textOf(args[0]) ?? '', 'latin1')
        .digest('hex')
    },
  }
}

function createControls(context: LuaContext, host: RedisHost): Record<string, LuaFunction> {
  return {
    log(...args) {
      if (args.length < 2) throw failure(context, 'redis.log() requires two arguments or more.')
      const level = toNumber(args[0])
      if (level === undefined) {
        throw failure(context, 'First argument must be a number (log level).')
      }
      const severity = toInt(level)
      if (severity < 0 || severity > 3) throw failure(context, 'Invalid debug level.')
      const texts = args.slice(1).map(textOf)
      host.log(severity, texts.filter((text) => text !== undefined).join(' '))
      return NOTHING
    },
    setresp(...args) {
      if (args.length !== 1) throw failure(context, 'redis.setresp() requires one argument.')
      const version = Math.trunc(toNumber(args[0]) ?? 0)
      if (version !== 2 && version !== 3) throw failure(context, 'RESP version must be 2 or 3.')
      host.setResp(version)
      return NOTHING
    },
    set_repl(...args) {
      if (args.length !== 1) throw failure(context, 'redis.set_repl() requires two arguments.')
      const flags = toInt(toNumber(args[0]) ?? 0)
      if ((flags & ~REPL_ALL) !== 0) {
        throw failure(
          context,
          'Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.',
        )
      }
      host.setRepl(flags)
      return NOTHING
    },
    // Effects are always replicated, and there is no debugger: as without one in Redis.
    replicate_commands: () => true,
    breakpoint: () => false,
    debug: () => NOTHING,
  }
}
