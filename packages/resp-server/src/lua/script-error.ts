import { plainString } from './lib/tostring.ts'
import type { LuaContext } from './runtime/context.ts'
import type { LuaError } from './runtime/lua-error.ts'
import { LuaTable } from './table.ts'
import type { LuaValue } from './value.ts'

/** An error that a script did not catch, as Redis reports it. */
export class LuaScriptError extends Error {
  override readonly name = 'LuaScriptError'
  /** The error value. */
  readonly value: LuaValue
  /** Where it was raised, such as `@user_script` and 3; undefined without a Lua function. */
  readonly source: string | undefined
  readonly line: number | undefined
  /** The error was counted already when the command failed. */
  readonly isCounted: boolean

  constructor(
    message: string,
    facts: {
      readonly value: LuaValue
      readonly source: string | undefined
      readonly line: number | undefined
      readonly isCounted: boolean
    },
  ) {
    super(message)
    this.value = facts.value
    this.source = facts.source
    this.line = facts.line
    this.isCounted = facts.isCounted
  }

  /** The error reply without its minus: `ERR ... script: <name>, on @user_script:1.` */
  reply(functionName: string): string {
    const message = this.message.replace(/[\r\n]/g, ' ')
    if (this.source === undefined) return message
    return `${message} script: ${functionName}, on ${this.source}:${this.line}.`
  }
}

/** Does what Redis' error handler does: texts become `ERR <text>`, tables keep their `err`. */
export function toScriptError(context: LuaContext, error: LuaError): LuaScriptError {
  const { value } = error
  const level = error.level(1)
  const chunk = context.chunks.find(level)
  const isLibrary = level !== undefined && level.chunk === undefined
  const isTable = value instanceof LuaTable
  const text = isTable ? value.get('err') : undefined
  const isText = typeof text === 'string' || typeof text === 'number'
  const message = isText
    ? plainString(text)
    : isTable
      ? 'ERR unknown error'
      : `ERR ${plainString(value)}`
  return new LuaScriptError(message, {
    value,
    source: isLibrary ? '=[C]' : chunk?.source,
    line: isLibrary ? -1 : level === undefined ? undefined : chunk?.lineOf(level),
    isCounted: isTable && value.get('ignore_error_stats_update') === true,
  })
}
