import type { Client } from '../clients/client.ts'
import { type LuaScriptError, LuaTable } from '../lua/index.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { ScriptFlag } from './script-flags.ts'

/** EVAL, FCALL or one of their kin, as it came. */
export interface ScriptCall {
  readonly caller: Client
  readonly command: readonly string[]
  /** How many of the arguments from {@link FIRST_KEY} on are keys; the others are ARGV. */
  readonly keyCount: number
  /** EVAL_RO, EVALSHA_RO and FCALL_RO. */
  readonly isReadOnlyCommand: boolean
}

/** Where the keys are, behind the name of the command, the script's or function's, and the count. */
export const FIRST_KEY = 3

export const keysOf = ({ command, keyCount }: ScriptCall): LuaTable =>
  LuaTable.fromList(command, FIRST_KEY, FIRST_KEY + keyCount)

export const argvOf = ({ command, keyCount }: ScriptCall): LuaTable =>
  LuaTable.fromList(command, FIRST_KEY + keyCount)

/** What is asked for by EVAL, FCALL and their kin. */
export interface ScriptRequest {
  /** SHA1 of the script, or the function's name: what errors name. */
  readonly name: string
  readonly caller: Client
  readonly command: readonly Bytes[]
  readonly kind: 'script' | 'function'
  /** undefined for a script without a first line of its own. */
  readonly flags: ReadonlySet<ScriptFlag> | undefined
  /** EVAL_RO, EVALSHA_RO and FCALL_RO. */
  readonly isReadOnlyCommand: boolean
}

/** A script that runs now. */
export interface ScriptRun extends ScriptRequest {
  readonly isReadOnly: boolean
  readonly allowsOutOfMemory: boolean
  /** Changes from before it wait to be written: they cannot be told from its own. */
  readonly isBehindWrites: boolean
  /** Monotonic, at the first look after some thousand instructions. */
  startedAt: number | undefined
  hasWritten: boolean
  isKilled: boolean
}

/** Ends a script from outside. Lua code cannot catch it. */
export class ScriptInterrupted extends Error {
  override readonly name = 'ScriptInterrupted'
  readonly where: LuaScriptError

  constructor(where: LuaScriptError) {
    super(where.message)
    this.where = where
  }
}
