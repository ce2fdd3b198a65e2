import { parseArgs } from 'node:util'
import type { Headers } from '../message/message.ts'
import { COMMON_FLAGS, USAGES, type Usage, UsageError } from './usage.ts'

const OPTIONS = {
  transport: { type: 'string' },
  domain: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  header: { type: 'string', multiple: true },
  reply: { type: 'string' },
  queue: { type: 'string' },
  count: { type: 'string' },
  timeout: { type: 'string' },
  subject: { type: 'string' },
  from: { type: 'string' },
  limit: { type: 'string' },
  follow: { type: 'boolean', short: 'f' },
  'message-id': { type: 'string' },
  revision: { type: 'string' },
  messages: { type: 'string' },
  size: { type: 'string' },
} as const

const COUNTS = ['count', 'timeout', 'from', 'limit', 'revision', 'messages', 'size'] as const

/** A command line taken apart. */
export interface Command {
  readonly words: readonly string[]
  readonly flags: Flags
}

/** The options that were given. */
export interface Flags {
  readonly transport?: string
  readonly domain?: string
  readonly json?: boolean
  readonly help?: boolean
  readonly version?: boolean
  readonly header?: readonly string[]
  readonly reply?: string
  readonly queue?: string
  readonly count?: string
  readonly timeout?: string
  readonly subject?: string
  readonly from?: string
  readonly limit?: string
  readonly follow?: boolean
  readonly 'message-id'?: string
  readonly revision?: string
  readonly messages?: string
  readonly size?: string
}

/** Throws {@link UsageError} for options that do not exist. */
export function parseCommand(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: OPTIONS,
      allowPositionals: true,
    })
    return { words: positionals, flags: values }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** How a command is called, when it is called like that; throws {@link UsageError} when not. */
export function usageOf(command: Command): Usage {
  const [name, action] = command.words
  if (name === undefined) throw new UsageError('a command is missing')
  const actions = Object.keys(USAGES).filter((known) => known.startsWith(`${name} `))
  const full = actions.length === 0 ? name : `${name} ${action ?? ''}`
  const usage = Object.hasOwn(USAGES, full) ? USAGES[full] : undefined
  if (usage === undefined) {
    if (actions.length === 0) throw new UsageError(`there is no command ${name}`)
    const known = actions.map((one) => one.slice(name.length + 1)).join(', ')
    const what = action === undefined ? 'what to do is missing' : `there is no ${full}`
    throw new UsageError(`${what}: ${name} knows ${known}`)
  }
  checkWords(command, full, usage)
  checkFlags(command, full, usage)
  return usage
}

function checkWords({ words }: Command, full: string, usage: Usage): void {
  const given = words.slice(full.split(' ').length)
  const missing = usage.words[given.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing`)
  const extra = given[usage.words.length + (usage.moreWords ?? 0)]
  if (extra !== undefined) throw new UsageError(`${full} has no place for ${JSON.stringify(extra)}`)
}

function checkFlags(command: Command, full: string, { flags = {} }: Usage): void {
  for (const flag of Object.keys(command.flags)) {
    if (!Object.hasOwn(flags, flag) && !COMMON_FLAGS.includes(flag)) {
      throw new UsageError(`${full} has no option --${flag}`)
    }
  }
  for (const name of COUNTS) count(command, name)
  headers(command)
}

/** The word at this place, or a usage error that names it. */
export function word({ words }: Command, index: number, name: string): string {
  const found = words[index]
  if (found === undefined) throw new UsageError(`${name} is missing`)
  return found
}

/** A flag that is a positive integer. */
export function count({ flags }: Command, name: (typeof COUNTS)[number]): number | undefined {
  const value = flags[name]
  if (value === undefined) return undefined
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new UsageError(`--${name} must be a positive integer, got ${value}`)
  }
  return number
}

/** The headers given as `--header name=value`. */
export function headers({ flags }: Command): Headers | undefined {
  if (flags.header === undefined) return undefined
  const record: Record<string, string> = {}
  for (const pair of flags.header) {
    const equals = pair.indexOf('=')
    if (equals < 1) throw new UsageError(`--header must be name=value, got ${pair}`)
    record[pair.slice(0, equals)] = pair.slice(equals + 1)
  }
  return record
}
