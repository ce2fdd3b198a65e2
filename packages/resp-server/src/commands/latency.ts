import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { LatencyEvent } from '../observe/latency-monitor.ts'
import type { Command, CommandDefinition } from './command.ts'

function latest({ reply, server }: Client) {
  const { events } = server.timing.latency
  reply.array(events.size)
  for (const [name, { samples, max }] of events) {
    const last = samples.at(-1)
    reply.array(4)
    reply.bulk(name)
    reply.integer(last?.time ?? 0)
    reply.integer(last?.milliseconds ?? 0)
    reply.integer(max)
  }
}

function history({ reply, server }: Client, args: readonly string[]) {
  const samples = server.timing.latency.events.get(args[2] as string)?.samples ?? []
  reply.array(samples.length)
  for (const { time, milliseconds } of samples) {
    reply.array(2)
    reply.integer(time)
    reply.integer(milliseconds)
  }
}

function reset({ reply, server }: Client, args: readonly string[]) {
  reply.integer(server.timing.latency.reset(args.slice(2)))
}

const BARS = '_.-=#'
const COLUMNS = 80

/** A line per height, the highest first, with the seconds since each sample below. */
function draw(name: string, event: LatencyEvent, nowMs: number): string {
  const samples = event.samples.slice(-COLUMNS)
  const values = samples.map(({ milliseconds }) => milliseconds)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const bar = (value: number): string => {
    const share = high === low ? 1 : (value - low) / (high - low)
    return BARS[Math.round(share * (BARS.length - 1))] as string
  }
  const ages = samples.map(({ time }) => `${Math.max(0, Math.floor(nowMs / 1000) - time)}s`)
  const depth = Math.max(...ages.map((age) => age.length))
  const below = Array.from({ length: depth }, (_, row) =>
    ages.map((age) => age[row] ?? ' ').join(''),
  )
  const title = `${name} - high ${high} ms, low ${low} ms (all time high ${event.max} ms)`
  return [title, '-'.repeat(COLUMNS), values.map(bar).join(''), '', ...below, ''].join('\n')
}

function graph({ reply, server }: Client, args: readonly string[]) {
  const name = args[2] as string
  const event = server.timing.latency.events.get(name)
  if (event === undefined) {
    throw new ReplyError(`ERR No samples available for event '${name}'`)
  }
  reply.verbatim(draw(name, event, server.keyspace.now))
}

function doctor({ reply, server }: Client) {
  const { settings, timing } = server
  if (settings.latencyMonitorThreshold === 0) {
    return reply.verbatim(
      "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this instance. You may " +
        'use "CONFIG SET latency-monitor-threshold <milliseconds>." in order to enable it.\n',
    )
  }
  const lines = [...timing.latency.events].map(([name, { samples, max }]) => {
    const sum = samples.reduce((total, { milliseconds }) => total + milliseconds, 0)
    const mean = Math.round(sum / samples.length)
    return `${name}: ${samples.length} latency spikes (average ${mean}ms). Worst all time event ${max}ms.`
  })
  if (lines.length === 0) {
    return reply.verbatim(
      'Dave, no latency spike was observed during the lifetime of this Redis instance, not in the ' +
        'slightest bit. I honestly think you ought to sit down calmly, take a stress pill, and ' +
        'think things over.\n',
    )
  }
  reply.verbatim(
    `Dave, I have observed latency spikes in this Redis instance.\n\n${lines.join('\n')}\n\n` +
      'SLOWLOG GET tells which commands they were.\n',
  )
}

function histogram({ reply, server }: Client, args: readonly string[]) {
  const { commands, timing } = server
  timing.settle()
  const all = [...commands.all()].flatMap((one) => [one, ...(one.subcommands?.values() ?? [])])
  const wanted = args.slice(2).flatMap((name) => {
    const command = commands.findFull(name)
    return command === undefined ? [] : [command, ...(command.subcommands?.values() ?? [])]
  })
  const shown = (args.length === 2 ? all : wanted).filter(({ histogram: one }) => one !== undefined)
  reply.map(shown.length)
  for (const command of shown) writeHistogram(reply, command)
}

function writeHistogram(reply: Client['reply'], { fullName, histogram: one }: Command) {
  reply.bulk(fullName)
  reply.map(2)
  reply.bulk('calls')
  reply.integer(one?.count ?? 0)
  reply.bulk('histogram_usec')
  const rows = one?.cumulative() ?? []
  reply.map(rows.length)
  for (const [limit, count] of rows) {
    reply.integer(limit)
    reply.integer(count)
  }
}

const base = {
  group: 'server',
  flags: ['admin', 'noscript', 'loading', 'stale'],
  since: '2.8.13',
} as const
const everywhere = [
  'nondeterministic_output',
  'request_policy:all_nodes',
  'response_policy:special',
]

export const LATENCY_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'latency',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group: 'server',
    flags: [],
    helpSince: '2.8.13',
    since: '2.8.13',
    summary: 'Looks at what took long.',
    subcommands: [
      {
        ...base,
        name: 'doctor',
        complexity: 'O(1)',
        arity: 2,
        summary: 'Describes what took long, for people.',
        tips: everywhere,
        handler: doctor,
      },
      {
        ...base,
        name: 'graph',
        syntax: 'event',
        complexity: 'O(1)',
        arity: 3,
        summary: 'Draws the samples of an event.',
        tips: everywhere,
        handler: graph,
      },
      {
        ...base,
        name: 'histogram',
        syntax: '[command [command ...]]',
        complexity: 'O(N), N commands',
        arity: -2,
        since: '7.0.0',
        summary: 'Answers how the durations of commands are spread.',
        tips: everywhere,
        handler: histogram,
      },
      {
        ...base,
        name: 'history',
        syntax: 'event',
        complexity: 'O(1)',
        arity: 3,
        summary: 'Answers the samples of an event.',
        tips: everywhere,
        handler: history,
      },
      {
        ...base,
        name: 'latest',
        complexity: 'O(1)',
        arity: 2,
        summary: 'Answers the latest sample of each event.',
        tips: everywhere,
        handler: latest,
      },
      {
        ...base,
        name: 'reset',
        syntax: '[event [event ...]]',
        complexity: 'O(1)',
        arity: -2,
        summary: 'Forgets the samples of events.',
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        handler: reset,
      },
    ],
  },
]
