import { formatPrometheus } from '../observe/prometheus.ts'
import { bytesOf, type JsonBytes, listOf, textOf, toArgument, toJson } from './json.ts'
import type { Route } from './route.ts'

/** The sections of INFO as objects. */
function parseInfo(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {}
  let current: Record<string, string> = {}
  for (const line of text.split('\r\n')) {
    if (line.startsWith('# ')) {
      current = {}
      sections[line.slice(2).toLowerCase()] = current
    } else if (line.includes(':')) {
      const colon = line.indexOf(':')
      current[line.slice(0, colon)] = line.slice(colon + 1)
    }
  }
  return sections
}

/** A line of CLIENT LIST as an object. Names of clients hold no blanks. */
const parseClient = (line: string): Record<string, string> =>
  Object.fromEntries(
    line.split(' ').map((word) => {
      const sign = word.indexOf('=')
      return [word.slice(0, sign), word.slice(sign + 1)]
    }),
  )

export const SERVER_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/commands',
    id: 'runCommand',
    summary: "Runs a command as the request's user; an error reply is answered as a failure",
    body: 'Command',
    answer: 'Reply',
    async run({ session, request }) {
      const { command } = request.body as { command: (JsonBytes | number)[] }
      return { reply: toJson(await session.run(...command.map(toArgument))) }
    },
  },
  {
    method: 'GET',
    path: '/info',
    id: 'getInfo',
    summary: 'Sections of INFO',
    query: { section: { type: 'string', description: 'One section, or everything.' } },
    answer: 'Info',
    async run({ session, request }) {
      const { section } = request.query as { section?: string }
      return parseInfo(textOf(await session.run('INFO', ...(section ? [section] : []))))
    },
  },
  {
    method: 'GET',
    path: '/slowlog',
    id: 'getSlowLog',
    summary: 'Slow commands, the latest first',
    query: { count: { type: 'integer', minimum: 1, maximum: 10_000, default: 100 } },
    answer: 'SlowLog',
    async run({ session, request }) {
      const { count } = request.query as { count: number }
      const entries = listOf(await session.run('SLOWLOG', 'GET', count)).map((entry) => {
        const [id, time, microseconds, command, address, clientName] = listOf(entry)
        return {
          id,
          time,
          microseconds,
          command: listOf(command).map(bytesOf),
          address: textOf(address),
          clientName: textOf(clientName),
        }
      })
      return { entries }
    },
  },
  {
    method: 'DELETE',
    path: '/slowlog',
    id: 'resetSlowLog',
    summary: 'Forgets the slow commands',
    answer: 'Outcome',
    async run({ session }) {
      await session.run('SLOWLOG', 'RESET')
      return { outcome: 'reset' }
    },
  },
  {
    method: 'GET',
    path: '/latency',
    id: 'getLatency',
    summary: 'Events that took longer than latency-monitor-threshold',
    answer: 'Latency',
    async run({ session }) {
      const events = listOf(await session.run('LATENCY', 'LATEST')).map((event) => {
        const [name, time, latestMs, maxMs] = listOf(event)
        return { name: textOf(name), time, latestMs, maxMs }
      })
      return { events }
    },
  },
  {
    method: 'GET',
    path: '/clients',
    id: 'listClients',
    summary: 'Connections, with the fields of CLIENT LIST',
    answer: 'Clients',
    async run({ session }) {
      const lines = textOf(await session.run('CLIENT', 'LIST')).split('\n')
      return { clients: lines.filter((line) => line !== '').map(parseClient) }
    },
  },
  {
    method: 'DELETE',
    path: '/clients',
    id: 'killClient',
    summary: 'Closes a connection',
    query: { id: { type: 'integer', minimum: 1 } },
    requires: ['id'],
    answer: 'Outcome',
    async run({ session, request }) {
      const { id } = request.query as { id: number }
      const killed = await session.run('CLIENT', 'KILL', 'ID', id)
      return { outcome: killed === 0 ? 'unknown' : 'killed' }
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    id: 'getPrometheusMetrics',
    summary: 'Metrics for Prometheus; for users who may run INFO',
    answer: 'text/plain; version=0.0.4; charset=utf-8',
    async run({ session, server }) {
      await session.run('INFO', 'server')
      return formatPrometheus(server.metrics())
    },
  },
  {
    method: 'GET',
    path: '/metrics.json',
    id: 'getMetrics',
    summary: 'Metrics as JSON; for users who may run INFO',
    answer: 'Metrics',
    async run({ session, server }) {
      await session.run('INFO', 'server')
      return server.metrics()
    },
  },
]
