import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Row } from '@ashlar/bench-kit'
import { BenchServer, PEER } from './servers.ts'

const run = promisify(execFile)

/** What one row measures with redis-benchmark. */
interface Load {
  readonly name: string
  /** As `-t` takes it, or a command with its arguments. */
  readonly command: string | readonly string[]
  readonly pipeline: number
  readonly must: number
  readonly aim: number
  readonly valueBytes?: number
  readonly overUnixSocket?: boolean
  /** The milliseconds that 99 of 100 requests stay under, instead of requests per second. */
  readonly measuresP99?: boolean
}

/** Columns of redis-benchmark's table. */
const RATE = 1
const P99 = 6

const ROUND_SECONDS = 1
const QUICK_ROUND_SECONDS = 0.2
/** So long that the first requests, which wait for all to be connected, are far less than 1 of 100. */
const P99_ROUND_SECONDS = 1

async function measure(server: BenchServer, load: Load, requests: number): Promise<number[]> {
  const { command, pipeline, valueBytes = 3 } = load
  const where = load.overUnixSocket ? ['-s', server.socketPath] : ['-p', `${server.port}`]
  const how = ['-P', `${pipeline}`, '-n', `${requests}`, '-r', '100000', '-d', `${valueBytes}`]
  const what = typeof command === 'string' ? ['-t', command] : command
  const { stdout } = await run('redis-benchmark', [...where, ...how, '--csv', ...what])
  const cells = stdout.trim().split('\n').at(-1)?.split('","') ?? []
  return cells.map((cell) => Number(cell.replaceAll('"', '')))
}

interface Pair {
  readonly ours: BenchServer
  readonly theirs: BenchServer
}

async function startPair(): Promise<Pair> {
  return { ours: await BenchServer.start('ours'), theirs: await BenchServer.start('theirs') }
}

/** The two servers that all rows of a quick run share. They end with the run. */
let shared: Promise<Pair> | undefined

/** Servers that have run for a while: what all rows have in common is compiled. */
async function startWarmPair(): Promise<Pair> {
  const pair = await startPair()
  for (const server of [pair.ours, pair.theirs]) {
    for (const pipeline of [1, 16]) {
      for (const command of ['PING_MBULK', 'SET', 'GET']) {
        await measure(server, { name: '', command, pipeline, must: 0, aim: 0 }, 20_000 * pipeline)
      }
    }
  }
  return pair
}

const WARM_UP_REQUESTS = { alone: 10_000, pipelined: 50_000 }

function row(load: Load): Row {
  const { name, must, aim, pipeline, valueBytes = 3, measuresP99 = false } = load
  return {
    name,
    unit: measuresP99 ? 'ms' : 'op/s',
    peer: PEER,
    less: measuresP99,
    must,
    aim,
    notes: `50 connections, ${valueBytes}-byte values, 100 000 keys`,
    rounds: 9,
    quickRounds: measuresP99 ? 3 : 5,
    warmUp: false,
    async open({ quick }) {
      if (quick) shared ??= startWarmPair()
      const { ours, theirs } = await (shared ?? startPair())
      // code is compiled as it runs; and how fast it is says how much fits into a round
      const warmUp = WARM_UP_REQUESTS[pipeline === 1 ? 'alone' : 'pipelined']
      await measure(theirs, load, warmUp)
      const rate = (await measure(ours, load, warmUp))[RATE] ?? Number.NaN
      const seconds = quick ? QUICK_ROUND_SECONDS : ROUND_SECONDS
      const requests = Math.ceil(rate * (measuresP99 ? P99_ROUND_SECONDS : seconds))
      const cell = measuresP99 ? P99 : RATE
      const round = async (server: BenchServer): Promise<number> =>
        (await measure(server, load, requests))[cell] ?? Number.NaN
      return {
        ours: () => round(ours),
        theirs: () => round(theirs),
        async close() {
          if (!quick) await Promise.all([ours.stop(), theirs.stop()])
        },
      }
    },
  }
}

const COMMANDS = ['SET', 'GET', 'INCR', 'LPUSH', 'RPOP', 'SADD', 'HSET', 'SPOP', 'ZADD']
const ALONE = ['PING_MBULK', ...COMMANDS, 'MSET']
const READS = ['GET']
/** Of redis-benchmark's own HSET each field is set to the value that it has, which need not be stored again. */
const HSET_CHANGES = ['HSET', 'myhash', 'element:__rand_int__', '__rand_int__']
const SCRIPT = ['EVAL', "return redis.call('SET', KEYS[1], ARGV[1])", '1', 'key:__rand_int__', 'x']

/** redis-benchmark against both servers in turns, both keeping their data. */
export const networkRows: readonly Row[] = [
  ...ALONE.map((command) =>
    row({ name: `${command} P1`, command, pipeline: 1, must: 0.9, aim: 1 }),
  ),
  ...COMMANDS.map((command) => {
    const must = READS.includes(command) ? 0.8 : 0.9
    const aim = READS.includes(command) ? 1 : 1.1
    return row({ name: `${command} P16`, command, pipeline: 16, must, aim })
  }),
  row({ name: 'HSET P16, changes', command: HSET_CHANGES, pipeline: 16, must: 0.9, aim: 1.1 }),
  ...['SET', 'GET'].flatMap((command) => [
    row({
      name: `${command} P16 1 KiB`,
      command,
      pipeline: 16,
      valueBytes: 1024,
      must: 0.65,
      aim: 0.75,
    }),
    row({
      name: `${command} P1 unix socket`,
      command,
      pipeline: 1,
      overUnixSocket: true,
      must: 0.9,
      aim: 1,
    }),
    row({ name: `${command} P1 p99`, command, pipeline: 1, measuresP99: true, must: 0.67, aim: 1 }),
    row({
      name: `${command} P16 p99`,
      command,
      pipeline: 16,
      measuresP99: true,
      must: 0.67,
      aim: 1,
    }),
  ]),
  row({ name: 'EVAL P1', command: SCRIPT, pipeline: 1, must: 0.8, aim: 1 }),
  row({ name: 'EVAL P16', command: SCRIPT, pipeline: 16, must: 0.8, aim: 1 }),
]
