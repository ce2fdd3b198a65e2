import type { Client } from '../clients/client.ts'
import type { LuaScriptError } from '../lua/index.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { ScriptFlag } from './script-flags.ts'

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
