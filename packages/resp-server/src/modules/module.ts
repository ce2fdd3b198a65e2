import type { CommandFlag, KeySpec } from '../commands/command.ts'
import type { ModuleCall } from './module-call.ts'
import type { ModuleHost } from './module-host.ts'
import type { ModuleType } from './module-type.ts'

/** A command of a module: a row of the command table, from which dispatch, ACLs and docs come. */
export interface ModuleCommand {
  /** In any case; by custom with the module's prefix: `bucket.take`. */
  readonly name: string
  /** Number of arguments with the name; negative: at least that many. */
  readonly arity: number
  /**
   * What it takes after its name, for COMMAND DOCS, from which clients and tools make hints: the
   * notation of Redis' manual, `key tokens [MAX count] [member [member ...]]`. Alternatives have a
   * name: `how=[NX | XX]`. Types follow from the names Redis gives, or are said: `tokens:integer`;
   * `key` needs one of `keys`. A line that cannot be read is a TypeError when the server starts.
   */
  readonly syntax?: string
  /**
   * As COMMAND INFO shows them. `write` for what changes keys, `readonly` for what reads them,
   * `denyoom` for what may need memory, `fast` for what takes constant time, `blocking` for what
   * may wait, `noscript` for what scripts may not call.
   */
  readonly flags: readonly CommandFlag[]
  /** Where keys are among the arguments: for ACLs, clients of clusters, and tracking. */
  readonly keys?: readonly KeySpec[]
  /** Of Redis or of the module's own `categories`, without `@`. */
  readonly categories?: readonly string[]
  readonly summary: string
  readonly since?: string
  readonly complexity?: string
  readonly tips?: readonly string[]
  /**
   * Answers by writing exactly one reply, or waits. Arguments are byte strings, the name first. A
   * ReplyError thrown is the answer; anything else is logged and answered as an internal error.
   * What was changed before stays, as with every command.
   */
  handler(call: ModuleCall, args: readonly string[]): void
}

/** A setting of a module: `<module>.<name>` in CONFIG, configuration files and `config`. */
export interface ModuleParameter {
  readonly name: string
  /** As CONFIG shows it. */
  readonly default: string
  /** CONFIG SET may change it while the server runs. Default true. */
  readonly isMutable?: boolean
  /** Answers what is wrong with a value, if anything. Default: takes all. */
  check?(value: string): string | undefined
  /** The value changed by CONFIG SET. */
  changed?(value: string): void
}

/** What a module adds to a server. A module's state belongs to one server: make one per server. */
export interface Module {
  /** As MODULE LIST shows it. */
  readonly name: string
  /** Redis' way to write 2.8.3: 20803. */
  readonly version: number
  readonly types?: readonly ModuleType<unknown>[]
  readonly commands?: readonly ModuleCommand[]
  readonly parameters?: readonly ModuleParameter[]
  /** ACL categories besides those of Redis. */
  readonly categories?: readonly string[]
  /** Sections of INFO: `<module>_<name>`, shown with `modules`, `everything` and by name. */
  readonly info?: Readonly<Record<string, () => Readonly<Record<string, string | number>>>>
  /**
   * The data is open, and nobody can connect yet: the place to subscribe, to read what the module
   * kept, and to begin work in the background. Rejecting ends the start of the server.
   */
  start?(host: ModuleHost): void | Promise<void>
  /** The server closes: workers and timers of the host have ended, keys can still be read. */
  stop?(): void | Promise<void>
}
