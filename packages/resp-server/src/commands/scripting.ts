import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { ScriptCall } from '../scripting/script-run.ts'
import { integer } from './arguments.ts'
import { type CommandDefinition, type CommandFlag, type KeySpec, numberedKeys } from './command.ts'

/** How many of the arguments behind the count are keys. */
export function keyCount(args: readonly string[], count: number): number {
  if (count > args.length - 3) {
    throw new ReplyError("ERR Number of keys can't be greater than number of args")
  }
  if (count < 0) throw new ReplyError("ERR Number of keys can't be negative")
  return count
}

/** Scripts are shown before the commands that they run. */
export function showToMonitors(client: Client, args: readonly string[]): void {
  const { monitors, clock } = client.server
  const { lastCommand } = client
  if (monitors.size > 0 && lastCommand !== undefined)
    monitors.show(client, lastCommand, args, clock.now())
}

function begin(client: Client, args: readonly string[], isReadOnlyCommand: boolean): ScriptCall {
  showToMonitors(client, args)
  const count = keyCount(args, integer(args[2] as string))
  return { caller: client, command: args, keyCount: count, isReadOnlyCommand }
}

const evaluate =
  (isReadOnly: boolean) =>
  (client: Client, args: readonly string[]): void => {
    const { scripts } = client.server.scripting
    const call = begin(client, args, isReadOnly)
    scripts.run(scripts.evaluate(args[1] as string), call)
  }

const noScript = (): ReplyError => new ReplyError('NOSCRIPT No matching script. Please use EVAL.')

const evaluateSha =
  (isReadOnly: boolean) =>
  (client: Client, args: readonly string[]): void => {
    const { scripts } = client.server.scripting
    const sha = args[1] as string
    if (sha.length !== 40) throw noScript()
    const call = begin(client, args, isReadOnly)
    const script = scripts.find(sha)
    if (script === undefined) throw noScript()
    scripts.run(script, call)
  }

function load(client: Client, args: readonly string[]) {
  client.reply.bulk(client.server.scripting.scripts.load(args[2] as string).sha)
}

function exists(client: Client, args: readonly string[]) {
  const { scripts } = client.server.scripting
  client.reply.array(args.length - 2)
  for (const sha of args.slice(2)) {
    client.reply.integer(scripts.find(sha) === undefined ? 0 : 1)
  }
}

function flush(client: Client, args: readonly string[]) {
  if (args.length > 3 || (args.length === 3 && !/^a?sync$/i.test(args[2] as string))) {
    throw new ReplyError('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
  }
  client.server.scripting.scripts.flush()
  client.reply.ok()
}

function kill(client: Client) {
  client.server.scripting.runner.kill('script')
  client.reply.ok()
}

function debug(client: Client, args: readonly string[]) {
  const mode = (args[2] as string).toLowerCase()
  if (mode === 'no') return client.reply.ok()
  if (mode !== 'yes' && mode !== 'sync') throw new ReplyError('ERR Use SCRIPT DEBUG YES/SYNC/NO')
  throw new ReplyError('ERR this server has no Lua debugger')
}

const group = 'scripting'
const categories = ['scripting'] as const
const runs: readonly CommandFlag[] = [
  'noscript',
  'skip_monitor',
  'may_replicate',
  'no_mandatory_keys',
  'stale',
  'movablekeys',
]
const reads: readonly CommandFlag[] = [
  'readonly',
  'noscript',
  'skip_monitor',
  'no_mandatory_keys',
  'stale',
  'movablekeys',
]
export const SCRIPT_RUNS: {
  readonly flags: readonly CommandFlag[]
  readonly keys: readonly KeySpec[]
} = {
  flags: runs,
  keys: [numberedKeys(2, 'RW', 'access', 'update')],
}
export const SCRIPT_READS: typeof SCRIPT_RUNS = {
  flags: reads,
  keys: [numberedKeys(2, 'RO', 'access')],
}

const SCRIPT_SUBCOMMANDS: readonly CommandDefinition[] = [
  {
    name: 'load',
    syntax: 'script',
    complexity: 'O(N), N bytes',
    arity: 3,
    group,
    categories,
    flags: ['noscript', 'stale'],
    since: '2.6.0',
    summary: 'Compiles a script and keeps it until SCRIPT FLUSH.',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    handler: load,
  },
  {
    name: 'exists',
    syntax: 'sha1 [sha1 ...]',
    complexity: 'O(N), N scripts given',
    arity: -3,
    group,
    categories,
    flags: ['noscript'],
    since: '2.6.0',
    summary: 'Answers which scripts are there.',
    tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
    handler: exists,
  },
  {
    name: 'flush',
    syntax: 'async=[ASYNC | SYNC]@6.2.0',
    complexity: 'O(N), N scripts',
    arity: -2,
    group,
    categories,
    flags: ['noscript'],
    since: '2.6.0',
    summary: 'Forgets all scripts.',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    handler: flush,
  },
  {
    name: 'kill',
    complexity: 'O(1)',
    arity: 2,
    group,
    categories,
    flags: ['noscript', 'allow_busy'],
    since: '2.6.0',
    summary: 'Ends the running script if it has written nothing.',
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    handler: kill,
  },
  {
    name: 'debug',
    syntax: 'mode=<YES | SYNC | NO>',
    complexity: 'O(1)',
    arity: 3,
    group,
    categories,
    flags: ['noscript'],
    since: '3.2.0',
    summary: 'Refused unless NO: there is no debugger.',
    handler: debug,
  },
]

export const SCRIPTING_COMMANDS: readonly CommandDefinition[] = [
  {
    ...SCRIPT_RUNS,
    name: 'eval',
    syntax: 'script numkeys [key [key ...]] [arg [arg ...]]',
    complexity: 'Depends on the script.',
    arity: -3,
    group,
    categories,
    since: '2.6.0',
    summary: 'Runs a Lua script as one.',
    handler: evaluate(false),
  },
  {
    ...SCRIPT_RUNS,
    name: 'evalsha',
    syntax: 'sha1 numkeys [key [key ...]] [arg [arg ...]]',
    complexity: 'Depends on the script.',
    arity: -3,
    group,
    categories,
    since: '2.6.0',
    summary: 'Runs a Lua script by its SHA1.',
    handler: evaluateSha(false),
  },
  {
    ...SCRIPT_READS,
    name: 'eval_ro',
    syntax: 'script numkeys [key [key ...]] [arg [arg ...]]',
    complexity: 'Depends on the script.',
    arity: -3,
    group,
    categories,
    since: '7.0.0',
    summary: 'Runs a Lua script that only reads.',
    handler: evaluate(true),
  },
  {
    ...SCRIPT_READS,
    name: 'evalsha_ro',
    syntax: 'sha1 numkeys [key [key ...]] [arg [arg ...]]',
    complexity: 'Depends on the script.',
    arity: -3,
    group,
    categories,
    since: '7.0.0',
    summary: 'Runs a Lua script that only reads, by its SHA1.',
    handler: evaluateSha(true),
  },
  {
    name: 'script',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group,
    flags: [],
    since: '2.6.0',
    summary: 'Manages Lua scripts.',
    subcommands: SCRIPT_SUBCOMMANDS,
  },
]
