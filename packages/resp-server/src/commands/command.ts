import type { Client } from '../clients/client.ts'
import type { Histogram } from '../observe/histogram.ts'
import type { Bytes } from '../protocol/reply.ts'

/** As COMMAND INFO names them. */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'fast'
  | 'no_auth'
  | 'no_multi'
  | 'movablekeys'
  | 'allow_busy'
  | 'no_async_loading'
  | 'no_mandatory_keys'
  | 'asking'
  | 'may_replicate'
  | 'sentinel'

/** Categories that flags do not imply. */
export type CommandCategory =
  | 'keyspace'
  | 'read'
  | 'write'
  | 'set'
  | 'sortedset'
  | 'list'
  | 'hash'
  | 'stream'
  | 'hyperloglog'
  | 'geo'
  | 'string'
  | 'bitmap'
  | 'pubsub'
  | 'admin'
  | 'fast'
  | 'slow'
  | 'blocking'
  | 'dangerous'
  | 'connection'
  | 'transaction'
  | 'scripting'

export type CommandGroup =
  | 'bitmap'
  | 'connection'
  | 'generic'
  | 'hash'
  | 'list'
  | 'pubsub'
  | 'scripting'
  | 'server'
  | 'set'
  | 'sorted-set'
  | 'stream'
  | 'string'
  | 'hyperloglog'
  | 'geo'
  | 'transactions'
  | 'cluster'
  | 'module'

/** Where a command's keys are, in terms of argument positions (0 is the command's name). */
export interface KeySpec {
  readonly flags: readonly string[]
  readonly begin:
    | { readonly index: number }
    | { readonly keyword: string; readonly startFrom: number }
    /** Only the command itself can tell. */
    | { readonly positions: ((args: readonly string[]) => readonly number[]) | undefined }
  readonly find:
    | { readonly lastKey: number; readonly step: number; readonly limit: number }
    | { readonly keyNumIndex: number; readonly firstKey: number; readonly step: number }
}

export type Handler = (client: Client, args: readonly string[]) => void
/** For commands whose arguments may be large: those come as Buffers. */
export type BytesHandler = (client: Client, args: readonly Bytes[]) => void

interface Description {
  readonly name: string
  /** Number of arguments with the name; negative: at least that many. */
  readonly arity: number
  /** What it takes, in the notation that `syntax.ts` explains. Default: nothing. */
  readonly syntax?: string
  readonly flags: readonly CommandFlag[]
  readonly keys?: readonly KeySpec[]
  /** For keys whose flags depend on other arguments. */
  readonly keyFlags?: (args: readonly string[]) => readonly string[]
  /** Where keys are, for commands whose specs do not tell it whole. */
  readonly keyPositions?: (args: readonly string[]) => readonly number[]
  readonly categories?: readonly CommandCategory[]
  readonly group: CommandGroup
  readonly since: string
  /** For a container: since when it has HELP. Default: 5.0.0, or its own version if that is later. */
  readonly helpSince?: string
  readonly summary: string
  readonly complexity?: string
  /** For commands that live on for old clients: since when others are better, and which. */
  readonly deprecated?: { readonly since: string; readonly replacedBy: string }
  /** Changes since, besides arguments added: the syntax tells those. */
  readonly history?: readonly (readonly [version: string, change: string])[]
  /** Not for people: servers send it to each other, and tests. */
  readonly isInternal?: boolean
  /** The module that it comes from. */
  readonly module?: string
  readonly tips?: readonly string[]
}

/** A row of the command table: dispatch, COMMAND and COMMAND DOCS are made from these alone. */
export type CommandDefinition = Description &
  (
    | {
        readonly handler: Handler
        readonly takesBuffers?: false
        /** COMMAND has both a handler and subcommands. */
        readonly subcommands?: readonly CommandDefinition[]
      }
    | {
        readonly handler: BytesHandler
        readonly takesBuffers: true
        readonly subcommands?: undefined
      }
    | { readonly subcommands: readonly CommandDefinition[]; readonly handler?: undefined }
  )

/** A definition made ready for dispatch. */
export interface Command {
  /** `get`, or `client|id` for a subcommand. */
  readonly fullName: string
  readonly definition: CommandDefinition
  readonly arity: number
  readonly handler: BytesHandler | undefined
  readonly takesBuffers: boolean
  readonly isWrite: boolean
  /** Has the flag `noscript`: asked for every command of a script. */
  readonly isRefusedInScripts: boolean
  readonly flags: ReadonlySet<CommandFlag>
  readonly categories: readonly string[]
  readonly subcommands: ReadonlyMap<string, Command> | undefined
  /** Not quick by its nature: timed alone. */
  readonly isSlow: boolean
  /** One of the server's own that reads, quickly: may run by the short way of `quick-read.ts`. */
  readonly isQuickRead: boolean
  calls: number
  /** Time spent, in microseconds. */
  microseconds: number
  histogram: Histogram | undefined
  rejected: number
  failed: number
}

/** One key at a position. */
export const keyAt = (position: number, ...flags: string[]): KeySpec => ({
  flags,
  begin: { index: position },
  find: { lastKey: 0, step: 1, limit: 0 },
})

/** Keys from a position to the last argument (`last` -1), or to one before it (-2). */
export const keysFrom = (
  position: number,
  last: number,
  step: number,
  ...flags: string[]
): KeySpec => ({
  flags,
  begin: { index: position },
  find: { lastKey: last, step, limit: 0 },
})

/** A count at a position, followed by that many keys. */
export const numberedKeys = (position: number, ...flags: string[]): KeySpec => ({
  flags,
  begin: { index: position },
  find: { keyNumIndex: 0, firstKey: 1, step: 1 },
})
