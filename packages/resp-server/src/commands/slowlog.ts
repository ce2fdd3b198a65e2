import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { integer } from './arguments.ts'
import type { CommandDefinition } from './command.ts'

function get({ reply, server }: Client, args: readonly string[]) {
  const count = args[2] === undefined ? 10 : integer(args[2])
  if (count < -1) {
    throw new ReplyError('ERR count should be greater than or equal to -1')
  }
  const { entries } = server.timing.slowLog
  const chosen = count === -1 ? entries : entries.slice(0, count)
  reply.array(chosen.length)
  for (const { id, time, microseconds, args: words, address, clientName } of chosen) {
    reply.array(6)
    reply.integer(id)
    reply.integer(Math.floor(time / 1000))
    reply.integer(microseconds)
    reply.array(words.length)
    for (const word of words) reply.bulk(word)
    reply.bulk(address)
    reply.bulk(clientName)
  }
}

function len({ reply, server }: Client) {
  reply.integer(server.timing.slowLog.entries.length)
}

function reset({ reply, server }: Client) {
  server.timing.slowLog.reset()
  reply.ok()
}

const base = {
  group: 'server',
  flags: ['admin', 'loading', 'stale'],
  since: '2.2.12',
} as const

export const SLOWLOG_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'slowlog',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group: 'server',
    flags: [],
    helpSince: '6.2.0',
    since: '2.2.12',
    summary: 'Looks at the commands that took long.',
    subcommands: [
      {
        ...base,
        name: 'get',
        syntax: '[count]',
        complexity: 'O(N), N entries answered',
        history: [['4.0.0', 'Answers whose command it was.']],
        arity: -2,
        summary: 'Answers the latest commands that took long.',
        tips: ['request_policy:all_nodes', 'nondeterministic_output'],
        handler: get,
      },
      {
        ...base,
        name: 'len',
        complexity: 'O(1)',
        arity: 2,
        summary: 'Counts the commands that took long.',
        tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
        handler: len,
      },
      {
        ...base,
        name: 'reset',
        complexity: 'O(N), N entries',
        arity: 2,
        summary: 'Forgets the commands that took long.',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        handler: reset,
      },
    ],
  },
]
