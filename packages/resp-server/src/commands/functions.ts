import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { RestorePolicy } from '../scripting/function-libraries.ts'
import type { Library } from '../scripting/library.ts'
import { dumpLibraries, readLibraries } from '../scripting/library-dump.ts'
import { SCRIPT_FLAGS } from '../scripting/script-flags.ts'
import { matchGlob } from '../values/glob.ts'
import { parseInteger } from '../values/numbers.ts'
import type { CommandDefinition } from './command.ts'
import { keyCount, SCRIPT_READS, SCRIPT_RUNS, showToMonitors } from './scripting.ts'

const call =
  (isReadOnlyCommand: boolean) =>
  (client: Client, args: readonly string[]): void => {
    showToMonitors(client, args)
    const { libraries } = client.server.scripting
    const fn = libraries.find(args[1] as string)
    if (fn === undefined) throw new ReplyError('ERR Function not found')
    const parsed = parseInteger(args[2] as string)
    if (parsed === undefined) throw new ReplyError('ERR Bad number of keys provided')
    const count = keyCount(args, Number(parsed))
    libraries.run(fn, { caller: client, command: args, keyCount: count, isReadOnlyCommand })
  }

function load(client: Client, args: readonly string[]) {
  let replaces = false
  for (const option of args.slice(2, -1)) {
    if (option.toLowerCase() !== 'replace') {
      throw new ReplyError(`ERR Unknown option given: ${option}`)
    }
    replaces = true
  }
  const code = args.at(-1) as string
  client.reply.bulk(client.server.scripting.libraries.load(code, replaces))
}

function remove(client: Client, args: readonly string[]) {
  client.server.scripting.libraries.delete(args[2] as string)
  client.reply.ok()
}

function flush(client: Client, args: readonly string[]) {
  if (args.length > 3) {
    throw new ReplyError(
      "ERR unknown subcommand or wrong number of arguments for 'flush'. Try FUNCTION HELP.",
    )
  }
  if (args.length === 3 && !/^a?sync$/i.test(args[2] as string)) {
    throw new ReplyError('ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
  }
  client.server.scripting.libraries.flush()
  client.reply.ok()
}

function list(client: Client, args: readonly string[]) {
  let withCode = false
  let pattern: string | undefined
  for (let at = 2; at < args.length; at += 1) {
    const option = (args[at] as string).toLowerCase()
    if (!withCode && option === 'withcode') withCode = true
    else if (pattern === undefined && option === 'libraryname') {
      at += 1
      pattern = args[at]
      if (pattern === undefined) throw new ReplyError('ERR library name argument was not given')
    } else throw new ReplyError(`ERR Unknown argument ${args[at]}`)
  }
  const wanted = pattern
  const libraries = client.server.scripting.libraries.all.filter(
    ({ name }) => wanted === undefined || matchGlob(wanted, name, { nocase: true }),
  )
  client.reply.array(libraries.length)
  for (const library of libraries) writeLibrary(client, library, withCode)
}

function writeLibrary({ reply }: Client, library: Library, withCode: boolean): void {
  reply.map(withCode ? 4 : 3)
  reply.bulk('library_name')
  reply.bulk(library.name)
  reply.bulk('engine')
  reply.bulk('LUA')
  reply.bulk('functions')
  reply.array(library.functions.size)
  for (const { name, description, flags } of library.functions.values()) {
    reply.map(3)
    reply.bulk('name')
    reply.bulk(name)
    reply.bulk('description')
    reply.bulkOrNull(description)
    reply.bulk('flags')
    const shown = SCRIPT_FLAGS.filter((flag) => flags.has(flag))
    reply.set(shown.length)
    for (const flag of shown) reply.simple(flag)
  }
  if (!withCode) return
  reply.bulk('library_code')
  reply.bulk(library.code)
}

function dump(client: Client) {
  const { libraries } = client.server.scripting
  client.reply.bulk(dumpLibraries(libraries.all.map(({ code }) => code)))
}

function restore(client: Client, args: readonly string[]) {
  const policy = (args[3] ?? 'append').toLowerCase()
  if (args.length > 4) {
    throw new ReplyError(
      "ERR unknown subcommand or wrong number of arguments for 'restore'. Try FUNCTION HELP.",
    )
  }
  if (policy !== 'append' && policy !== 'replace' && policy !== 'flush') {
    throw new ReplyError(
      'ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
    )
  }
  const codes = readLibraries(Buffer.from(args[2] as string, 'latin1'))
  client.server.scripting.libraries.restore(codes, policy satisfies RestorePolicy)
  client.reply.ok()
}

function stats({ reply, server }: Client) {
  const { runner, libraries } = server.scripting
  const { run } = runner
  if (run?.kind === 'script') throw new ReplyError(runner.busyError)
  reply.map(2)
  reply.bulk('running_script')
  if (run === undefined) reply.null()
  else {
    reply.map(3)
    reply.bulk('name')
    reply.bulk(run.name)
    reply.bulk('command')
    reply.array(run.command.length)
    for (const argument of run.command) reply.bulk(argument)
    reply.bulk('duration_ms')
    reply.integer(runner.duration)
  }
  reply.bulk('engines')
  reply.map(1)
  reply.bulk('LUA')
  reply.map(2)
  reply.bulk('libraries_count')
  reply.integer(libraries.libraryCount)
  reply.bulk('functions_count')
  reply.integer(libraries.functionCount)
}

function kill(client: Client) {
  client.server.scripting.runner.kill('function')
  client.reply.ok()
}

const FIELDS = { group: 'scripting', categories: ['scripting'], since: '7.0.0' } as const
const ALL_SHARDS = ['request_policy:all_shards', 'response_policy:all_succeeded']

const FUNCTION_SUBCOMMANDS: readonly CommandDefinition[] = [
  {
    ...FIELDS,
    name: 'load',
    syntax: '[REPLACE] function-code',
    complexity: 'O(N), N bytes',
    arity: -3,
    flags: ['write', 'denyoom', 'noscript'],
    summary: 'Adds a library of functions.',
    tips: ALL_SHARDS,
    handler: load,
  },
  {
    ...FIELDS,
    name: 'delete',
    syntax: 'library-name',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'noscript'],
    summary: 'Removes a library.',
    tips: ALL_SHARDS,
    handler: remove,
  },
  {
    ...FIELDS,
    name: 'list',
    syntax: '[LIBRARYNAME library-name-pattern] [WITHCODE]',
    complexity: 'O(N), N functions',
    arity: -2,
    flags: ['noscript'],
    summary: 'Describes the libraries.',
    tips: ['nondeterministic_output_order'],
    handler: list,
  },
  {
    ...FIELDS,
    name: 'dump',
    complexity: 'O(N), N functions',
    arity: 2,
    flags: ['noscript'],
    summary: 'Answers all libraries in a form that FUNCTION RESTORE takes.',
    handler: dump,
  },
  {
    ...FIELDS,
    name: 'restore',
    syntax: 'serialized-value policy=[FLUSH | APPEND | REPLACE]',
    complexity: 'O(N), N functions',
    arity: -3,
    flags: ['write', 'denyoom', 'noscript'],
    summary: 'Adds the libraries of a dump.',
    tips: ALL_SHARDS,
    handler: restore,
  },
  {
    ...FIELDS,
    name: 'flush',
    syntax: 'async=[ASYNC | SYNC]',
    complexity: 'O(N), N functions',
    arity: -2,
    flags: ['write', 'noscript'],
    summary: 'Removes all libraries.',
    tips: ALL_SHARDS,
    handler: flush,
  },
  {
    ...FIELDS,
    name: 'stats',
    complexity: 'O(1)',
    arity: 2,
    flags: ['noscript', 'allow_busy'],
    summary: 'Tells which function runs.',
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    handler: stats,
  },
  {
    ...FIELDS,
    name: 'kill',
    complexity: 'O(1)',
    arity: 2,
    flags: ['noscript', 'allow_busy'],
    summary: 'Ends the running function if it has written nothing.',
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    handler: kill,
  },
]

export const FUNCTION_COMMANDS: readonly CommandDefinition[] = [
  {
    ...FIELDS,
    ...SCRIPT_RUNS,
    name: 'fcall',
    syntax: 'function numkeys [key [key ...]] [arg [arg ...]]',
    complexity: 'Depends on the function.',
    arity: -3,
    summary: 'Calls a function of a library.',
    handler: call(false),
  },
  {
    ...FIELDS,
    ...SCRIPT_READS,
    name: 'fcall_ro',
    syntax: 'function numkeys [key [key ...]] [arg [arg ...]]',
    complexity: 'Depends on the function.',
    arity: -3,
    summary: 'Calls a function that only reads.',
    handler: call(true),
  },
  {
    name: 'function',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group: 'scripting',
    flags: [],
    since: '7.0.0',
    summary: 'Manages libraries of functions.',
    subcommands: FUNCTION_SUBCOMMANDS,
  },
]
