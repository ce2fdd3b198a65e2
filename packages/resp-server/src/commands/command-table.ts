import { ACL_CATEGORIES } from '../acl/categories.ts'
import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { BytesHandler, Command, CommandCategory, CommandDefinition } from './command.ts'

/** Every command that the server has, by name in any case. */
export class CommandTable {
  readonly #commands = new Map<string, Command>()
  /** The spelling that clients send most: saves lower-casing on the hot path. */
  readonly #spellings = new Map<string, Command>()

  /** ACL categories: those of Redis and those of modules. */
  readonly categories: readonly string[]

  constructor(definitions: readonly CommandDefinition[], ownCategories: readonly string[] = []) {
    this.categories = [...ACL_CATEGORIES, ...ownCategories]
    for (const definition of definitions) this.add(definition)
  }

  add(definition: CommandDefinition): void {
    const name = definition.name.toLowerCase()
    if (this.#commands.has(name)) throw new TypeError(`command '${name}' is defined twice`)
    const command = prepare(definition, undefined)
    this.#commands.set(name, command)
    this.#spellings.set(name, command)
    this.#spellings.set(name.toUpperCase(), command)
  }

  get size(): number {
    return this.#commands.size
  }

  all(): IterableIterator<Command> {
    return this.#commands.values()
  }

  find(name: string): Command | undefined {
    return this.#spellings.get(name) ?? this.#commands.get(name.toLowerCase())
  }

  /** The command of a request: with subcommands, the one that is named. */
  resolve(args: readonly string[]): Command | undefined {
    const command = this.find(args[0] as string)
    if (command?.subcommands === undefined || args.length < 2) return command
    const sub = command.subcommands.get((args[1] as string).toLowerCase())
    // COMMAND alone has a meaning of its own, an unknown subcommand has none
    return sub
  }

  /** `client|id` as well as `get`. */
  findFull(name: string): Command | undefined {
    const [container, sub, more] = name.toLowerCase().split('|') as [string, string?, string?]
    if (more !== undefined) return undefined
    const command = this.#commands.get(container)
    return sub === undefined ? command : command?.subcommands?.get(sub)
  }
}

/** Those of a container's subcommands that its HELP has too. */
const HELP_CATEGORIES: ReadonlySet<CommandCategory> = new Set([
  'keyspace',
  'connection',
  'scripting',
  'stream',
])

/** The version in which most containers of that time got theirs. */
const FIRST_HELP = '5.0.0'

/** `<CONTAINER> HELP`, made from the table like everything else. */
function help(container: CommandDefinition): CommandDefinition {
  const name = container.name.toUpperCase()
  const lines = [`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`]
  for (const sub of container.subcommands ?? []) {
    lines.push(sub.name.toUpperCase(), `    ${sub.summary}`)
  }
  lines.push('HELP', '    Print this help.')
  return {
    name: 'help',
    arity: 2,
    group: container.group,
    categories: (container.subcommands?.[0]?.categories ?? []).filter((category) =>
      HELP_CATEGORIES.has(category),
    ),
    flags: ['loading', 'stale'],
    since: container.helpSince ?? (container.since < FIRST_HELP ? FIRST_HELP : container.since),
    complexity: 'O(1)',
    summary: 'Answers what the subcommands do.',
    handler({ reply }: Client) {
      reply.array(lines.length)
      for (const line of lines) reply.simple(line)
    },
  }
}

/** Quick enough to be timed in groups, though Redis does not call them fast. */
const QUICK: ReadonlySet<string> = new Set(['set', 'setex', 'psetex', 'getset', 'exec'])

/** Changes nothing, waits for nothing and keeps no arguments: what is asked for most. Nobody knows what those of modules do. */
const isQuickRead = ({ flags, module }: CommandDefinition): boolean =>
  flags.includes('readonly') && flags.includes('fast') && module === undefined

function prepare(definition: CommandDefinition, parent: string | undefined): Command {
  const name = definition.name.toLowerCase()
  const fullName = parent === undefined ? name : `${parent}|${name}`
  const subcommands =
    'subcommands' in definition && definition.subcommands !== undefined
      ? new Map(
          [...definition.subcommands, help(definition)].map((sub) => [
            sub.name.toLowerCase(),
            prepare(sub, fullName),
          ]),
        )
      : undefined
  const takesBuffers = definition.handler !== undefined && definition.takesBuffers === true
  return {
    fullName,
    definition,
    arity: definition.arity,
    // a handler of strings never meets a Buffer: dispatch converts them unless takesBuffers
    handler: definition.handler as BytesHandler | undefined,
    takesBuffers,
    isWrite: definition.flags.includes('write'),
    isRefusedInScripts: definition.flags.includes('noscript'),
    flags: new Set(definition.flags),
    categories: allCategories(definition),
    subcommands,
    isSlow: !definition.flags.includes('fast') && !QUICK.has(fullName),
    isQuickRead: isQuickRead(definition) && !takesBuffers && subcommands === undefined,
    calls: 0,
    microseconds: 0,
    histogram: undefined,
    rejected: 0,
    failed: 0,
  }
}

/** Explicit categories and those that flags imply. */
function allCategories(definition: CommandDefinition): string[] {
  const { flags } = definition
  const found = new Set<string>(definition.categories)
  if (flags.includes('write')) found.add('write')
  if (
    flags.includes('readonly') &&
    definition.group !== 'server' &&
    definition.group !== 'scripting'
  ) {
    found.add('read')
  }
  if (flags.includes('admin')) found.add('admin').add('dangerous')
  if (flags.includes('pubsub')) found.add('pubsub')
  if (flags.includes('blocking')) found.add('blocking')
  found.add(flags.includes('fast') ? 'fast' : 'slow')
  const known = ACL_CATEGORIES.filter((category) => found.delete(category))
  return found.size === 0 ? known : [...known, ...found]
}

export const acceptsCount = (command: Command, count: number): boolean =>
  command.arity >= 0 ? count === command.arity : count >= -command.arity

export const wrongArity = (command: Command): ReplyError =>
  new ReplyError(`ERR wrong number of arguments for '${command.fullName}' command`)
