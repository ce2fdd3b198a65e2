import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { NatsServer } from '@ashlar/transport/testing'
import { ControlRoom, type Figures } from './control-room.ts'

const USAGE = `The control room: weather at two edge sites, alerts and escalations in the cloud.

  npm start -- [options]

  --once               replay everything at full speed, print a summary, exit
  --nats               each site a process of its own, joined by a nats-server started here
  --nats-url <url>     ... by the one at nats://host:port
  --fresh              forget what earlier runs have stored
  --data <folder>      where everything is kept (default: .data in this example)
  --speed <days>       days replayed per second at each site (default 25)
  --step <ms>          time that each person on call has to acknowledge (default 10000)
  --http-port <port>   data API (default 8055, or a free one if that is taken)
  --redis-port <port>  live figures (default 6380, or a free one if that is taken)
  --help
`

const OPTIONS = {
  once: { type: 'boolean' },
  nats: { type: 'boolean' },
  'nats-url': { type: 'string' },
  fresh: { type: 'boolean' },
  data: { type: 'string' },
  speed: { type: 'string' },
  step: { type: 'string' },
  'http-port': { type: 'string' },
  'redis-port': { type: 'string' },
  help: { type: 'boolean' },
} as const

const SETTLE_MS = 60_000

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

function refuse(message: string): never {
  process.stderr.write(`${message}\nTry: npm start -- --help\n`)
  process.exit(2)
}

function readValues(): Values {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function readNumber(name: 'speed' | 'step', fallback: number): number {
  const value = Number(values[name] ?? fallback)
  return value > 0 ? value : refuse(`--${name} must be a number above 0`)
}

/** The port asked for; the usual one if it is free; any free one otherwise. */
async function choosePort(name: 'http-port' | 'redis-port', usual: number): Promise<number> {
  const asked = values[name]
  if (asked !== undefined) {
    const port = Number(asked)
    return Number.isInteger(port) && port >= 0 && port < 65_536
      ? port
      : refuse(`--${name} must be a port, 0 to 65535`)
  }
  return await new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(0))
    probe.listen(usual, '127.0.0.1', () => probe.close(() => resolve(usual)))
  })
}

const count = (value: number): string => value.toLocaleString('en-US')

function lineOf({ kept, moved, alerts, open, tasksDue, tasksDone, lagMs }: Figures): string {
  return [
    `readings kept at the edge ${count(kept)}`,
    `records moved ${count(moved)}`,
    `alerts ${count(alerts)} (${count(open)} open)`,
    `tasks due ${count(tasksDue)}, done ${count(tasksDone)}`,
    `lag ${lagMs === undefined ? 'unknown' : `${count(Math.round(lagMs))} ms`}`,
  ].join(' | ')
}

function printPlaces(room: ControlRoom): void {
  const { url, figures } = room.cloud
  process.stdout.write(`
Control room

  Look        ${url}/
  Alerts      ${url}/items/alerts?sort=-date&limit=5
  Redis       redis-cli -p ${figures.port} HGETALL "figures:New York"
              redis-cli -p ${figures.port} ZRANGE alerts:wind 0 4 REV WITHSCORES
              redis-cli -p ${figures.port} SUBSCRIBE alerts
  Threshold   curl -X PATCH ${url}/items/thresholds/Seattle:wind \\
                -H 'content-type: application/json' -d '{"limit": 5}'
  Answer      curl -X PATCH ${url}/items/escalations/<alert_id> \\
                -H 'content-type: application/json' -d '{"status": "acknowledged"}'

`)
}

/** Redraws one line on a terminal; elsewhere prints one when something has changed. */
function showLive(room: ControlRoom): () => void {
  let last = ''
  const show = (): void => {
    const line = lineOf(room.figures())
    if (line !== last) process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
    last = line
  }
  const timer = setInterval(show, process.stdout.isTTY ? 250 : 5000)
  let hidden = false
  return () => {
    if (hidden) return
    hidden = true
    clearInterval(timer)
    show()
    if (process.stdout.isTTY) process.stdout.write('\n')
  }
}

const values = readValues()
if (values.help === true) {
  process.stdout.write(USAGE)
  process.exit(0)
}

const once = values.once === true
const path = values.data ?? fileURLToPath(new URL('../.data', import.meta.url))
const daysPerSecond = readNumber('speed', once ? Number.POSITIVE_INFINITY : 25)
const stepMs = readNumber('step', once ? 20 : 10_000)
if (values.fresh === true) rmSync(path, { recursive: true, force: true })

/** The server that joins the nodes, if they are processes; one that was started here ends with us. */
async function joinBy(): Promise<{ url: string; close(): Promise<void> } | undefined> {
  const url = values['nats-url']
  if (url !== undefined) return { url, close: async () => {} }
  return values.nats === true ? await NatsServer.start() : undefined
}

const started = performance.now()
const server = await joinBy()
const room = await ControlRoom.open({
  path,
  daysPerSecond,
  stepMs,
  servers: server?.url,
  httpPort: await choosePort('http-port', 8055),
  redisPort: await choosePort('redis-port', 6380),
  onError(error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
    void stop()
  },
})
const hideLive = showLive(room)
let stopping: Promise<void> | undefined

function stop(): Promise<void> {
  hideLive()
  stopping ??= room.close().then(() => server?.close())
  return stopping
}

process.once('SIGINT', () => void stop())
process.once('SIGTERM', () => void stop())
printPlaces(room)
await room.replayed()
if (once) {
  await room.settled(SETTLE_MS)
  hideLive()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (stopping === undefined) process.stdout.write(`\nAll observations replayed in ${seconds} s.\n`)
  await stop()
}
