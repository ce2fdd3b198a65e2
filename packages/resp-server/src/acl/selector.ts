import type { Command } from '../commands/command.ts'
import type { CommandTable } from '../commands/command-table.ts'
import { findKeys } from '../commands/key-positions.ts'
import { matchGlob } from '../values/glob.ts'
import { channelArguments } from './channels.ts'
import type { Denial } from './denial.ts'

interface KeyPattern {
  readonly pattern: string
  readonly reads: boolean
  readonly writes: boolean
}

const EXISTING_KEYS =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have " +
  "any effect. Try 'resetkeys' to start with an empty list of patterns"
const EXISTING_CHANNELS =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not " +
  "have any effect. Try 'resetchannels' to start with an empty list of channels"
const UNKNOWN_COMMAND = 'Unknown command or category name in ACL'
const SYNTAX = 'Syntax error'

const hasBlanks = (text: string): boolean => /[\s\0]/.test(text)

/** One set of rules: which commands, on which keys and channels. */
export class Selector {
  readonly #commands: CommandTable
  #allowed = new Set<Command>()
  /** Allowed by +command|argument, where the argument is no subcommand. */
  #firstArguments = new Map<Command, Set<string>>()
  /** What was said about commands since +@all or -@all. */
  #rules: string[] = []
  #startsWithAll = false
  #keys: KeyPattern[] = []
  #channels: string[] = []
  allowsAllKeys = false
  allowsAllChannels: boolean
  /** Nothing was taken away since +@all. */
  allowsAllCommands = false

  constructor(commands: CommandTable, allowsAllChannels: boolean) {
    this.#commands = commands
    this.allowsAllChannels = allowsAllChannels
  }

  get channels(): readonly string[] {
    return this.#channels
  }

  copy(): Selector {
    const copy = new Selector(this.#commands, this.allowsAllChannels)
    copy.#allowed = new Set(this.#allowed)
    copy.#firstArguments = new Map(
      [...this.#firstArguments].map(([command, words]) => [command, new Set(words)]),
    )
    copy.#rules = [...this.#rules]
    copy.#startsWithAll = this.#startsWithAll
    copy.#keys = [...this.#keys]
    copy.#channels = [...this.#channels]
    copy.allowsAllKeys = this.allowsAllKeys
    copy.allowsAllCommands = this.allowsAllCommands
    return copy
  }

  /** Takes one rule; answers what is wrong with it, if anything. */
  apply(rule: string): string | undefined {
    const lower = rule.toLowerCase()
    if (lower === 'allkeys' || lower === '~*') return this.#setKeys(true)
    if (lower === 'resetkeys') return this.#setKeys(false)
    if (lower === 'allchannels' || lower === '&*') return this.#setChannels(true)
    if (lower === 'resetchannels') return this.#setChannels(false)
    if (lower === 'allcommands' || lower === '+@all') return this.#setCommands(true)
    if (lower === 'nocommands' || lower === '-@all') return this.#setCommands(false)
    if (rule.startsWith('~') || rule.startsWith('%')) return this.#addKeys(rule)
    if (rule.startsWith('&')) return this.#addChannels(rule.slice(1))
    if (/^[+-]@/.test(rule)) return this.#changeCategory(lower.slice(2), rule.startsWith('+'))
    if (rule.startsWith('+') && rule.includes('|')) return this.#allowPart(lower.slice(1))
    if (/^[+-]/.test(rule)) return this.#changeCommand(lower.slice(1), rule.startsWith('+'))
    return SYNTAX
  }

  /** undefined when the request is allowed. */
  check(command: Command, args: readonly string[]): Denial | undefined {
    if (!this.#allowsCommand(command, args)) return { reason: 'command', position: 0 }
    if (!this.allowsAllKeys) {
      for (const { position, flags } of findKeys(command, args) ?? []) {
        if (flags.includes('not_key')) continue
        const reads = flags.includes('access')
        const writes = /insert|delete|update/.test(flags.join())
        if (!this.#allowsKey(args[position] as string, reads, writes)) {
          return { reason: 'key', position }
        }
      }
    }
    return this.allowsAllChannels ? undefined : this.#checkChannels(command, args)
  }

  /** Every key there may ever be can be read: SORT's patterns need that. */
  get readsAllKeys(): boolean {
    return this.allowsAllKeys || this.#keys.some(({ pattern, reads }) => reads && pattern === '*')
  }

  allowsChannel(channel: string, isPattern: boolean): boolean {
    if (this.allowsAllChannels) return true
    return this.#channels.some((pattern) =>
      isPattern ? pattern === channel : matchGlob(pattern, channel),
    )
  }

  describeCommands(): string {
    return [this.#startsWithAll ? '+@all' : '-@all', ...this.#rules].join(' ')
  }

  describeKeys(): string {
    if (this.allowsAllKeys) return '~*'
    return this.#keys
      .map(({ pattern, reads, writes }) => {
        if (reads && writes) return `~${pattern}`
        return `%${reads ? 'R' : 'W'}~${pattern}`
      })
      .join(' ')
  }

  describeChannels(): string {
    if (this.allowsAllChannels) return '&*'
    return this.#channels.map((pattern) => `&${pattern}`).join(' ')
  }

  describe(): string {
    const channels = this.describeChannels()
    const parts = [
      this.describeKeys(),
      this.allowsAllChannels ? channels : `resetchannels${channels === '' ? '' : ` ${channels}`}`,
      this.describeCommands(),
    ]
    return parts.filter((part) => part !== '').join(' ')
  }

  #allowsCommand(command: Command, args: readonly string[]): boolean {
    if (this.allowsAllCommands || command.flags.has('no_auth')) return true
    if (this.#allowed.has(command)) return true
    const words = this.#firstArguments.get(command)
    return words !== undefined && args.length > 1 && words.has((args[1] as string).toLowerCase())
  }

  #allowsKey(key: string, reads: boolean, writes: boolean): boolean {
    return this.#keys.some(
      (one) => (one.reads || !reads) && (one.writes || !writes) && matchGlob(one.pattern, key),
    )
  }

  #checkChannels(command: Command, args: readonly string[]): Denial | undefined {
    const channels = channelArguments(command)
    if (channels === undefined) return undefined
    const last = Math.min(channels.to, args.length - 1)
    for (let position = channels.from; position <= last; position += 1) {
      if (!this.allowsChannel(args[position] as string, channels.arePatterns)) {
        return { reason: 'channel', position }
      }
    }
    return undefined
  }

  #setKeys(all: boolean): undefined {
    this.allowsAllKeys = all
    this.#keys = []
  }

  #setChannels(all: boolean): undefined {
    this.allowsAllChannels = all
    this.#channels = []
  }

  #setCommands(all: boolean): undefined {
    this.#allowed = new Set(all ? this.#everyCommand() : [])
    this.#firstArguments.clear()
    this.#rules = []
    this.#startsWithAll = all
    this.allowsAllCommands = all
  }

  #addKeys(rule: string): string | undefined {
    if (this.allowsAllKeys) return EXISTING_KEYS
    const match = /^(?:~|%(r|w|rw|wr)~)(.*)$/is.exec(rule)
    const pattern = match?.[2]
    if (match === null || pattern === undefined || hasBlanks(pattern)) return SYNTAX
    const kinds = (match[1] ?? 'rw').toLowerCase()
    const before = this.#keys.findIndex((one) => one.pattern === pattern)
    const known = this.#keys[before]
    const added = {
      pattern,
      reads: kinds.includes('r') || known?.reads === true,
      writes: kinds.includes('w') || known?.writes === true,
    }
    if (known === undefined) this.#keys.push(added)
    else this.#keys[before] = added
    return undefined
  }

  #addChannels(pattern: string): string | undefined {
    if (this.allowsAllChannels) return EXISTING_CHANNELS
    if (hasBlanks(pattern)) return SYNTAX
    if (!this.#channels.includes(pattern)) this.#channels.push(pattern)
    return undefined
  }

  #changeCategory(category: string, isAllowed: boolean): string | undefined {
    if (!this.#commands.categories.includes(category)) return UNKNOWN_COMMAND
    for (const command of this.#everyCommand()) {
      if (!command.categories.some((one) => one === category)) continue
      if (isAllowed) this.#allowed.add(command)
      else this.#disallow(command)
    }
    this.#record(`@${category}`, isAllowed)
    return undefined
  }

  #changeCommand(name: string, isAllowed: boolean): string | undefined {
    const command = this.#commands.findFull(name)
    if (command === undefined) return UNKNOWN_COMMAND
    for (const one of [command, ...(command.subcommands?.values() ?? [])]) {
      if (isAllowed) this.#allowed.add(one)
      else this.#disallow(one)
    }
    this.#firstArguments.delete(command)
    this.#record(name, isAllowed)
    return undefined
  }

  /** `+config|get`, or `+select|0` where there are no subcommands. */
  #allowPart(name: string): string | undefined {
    const [container = '', ...words] = name.split('|')
    const command = this.#commands.findFull(container)
    if (command === undefined) return UNKNOWN_COMMAND
    const word = words.join('|')
    if (words.length > 1) {
      const isSubcommand = this.#commands.findFull(`${container}|${words[0]}`) !== undefined
      if (!isSubcommand || command.subcommands === undefined) return UNKNOWN_COMMAND
      return 'Allowing first-arg of a subcommand is not supported'
    }
    if (word === '') return SYNTAX
    if (command.subcommands !== undefined) {
      const sub = command.subcommands.get(word)
      if (sub === undefined) return UNKNOWN_COMMAND
      this.#allowed.add(sub)
    } else {
      const known = this.#firstArguments.get(command)
      if (known === undefined) this.#firstArguments.set(command, new Set([word]))
      else known.add(word)
    }
    this.#record(name, true)
    return undefined
  }

  #disallow(command: Command): void {
    this.#allowed.delete(command)
    this.#firstArguments.delete(command)
    this.allowsAllCommands = false
  }

  /** What the new rule makes moot is left out of descriptions. */
  #record(rule: string, isAllowed: boolean): void {
    // +@all says it already
    if (isAllowed && this.allowsAllCommands) return
    this.#rules = this.#rules.filter((one) => {
      const name = one.slice(1)
      return name !== rule && !name.startsWith(`${rule}|`)
    })
    this.#rules.push(`${isAllowed ? '+' : '-'}${rule}`)
  }

  *#everyCommand(): Generator<Command> {
    for (const command of this.#commands.all()) {
      yield command
      yield* command.subcommands?.values() ?? []
    }
  }
}
