import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Row } from '@ashlar/bench-kit'

const run = promisify(execFile)
/** The command line on its sources: nothing has to be built. */
const OURS = [
  '--conditions=@ashlar/source',
  fileURLToPath(new URL('../src/cli.ts', import.meta.url)),
]
const COMMANDS = ['SET', 'GET', 'INCR', 'LPUSH', 'HSET', 'ZADD']
const PEER = 'redis-server, AOF everysec'

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

interface Running {
  readonly port: number
  stop(): Promise<void>
}

/** Starts a server that keeps its data, syncing every second. */
async function start(command: string, before: readonly string[]): Promise<Running> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'resp-bench-'))
  const options = ['--port', `${port}`, '--dir', folder, '--appendonly', 'yes']
  const child: ChildProcess = spawn(
    command,
    [...before, ...options, '--appendfsync', 'everysec', '--save', ''],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  while (!output.includes('Ready to accept connections')) {
    if (child.exitCode !== null) throw new Error(`${command} ended: ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    port,
    async stop() {
      child.kill('SIGKILL')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Requests per second of one command, as redis-benchmark measures them. */
async function measure(
  { port }: Running,
  command: string,
  pipeline: number,
  requests: number,
): Promise<number> {
  const { stdout } = await run('redis-benchmark', [
    '-p',
    `${port}`,
    '-t',
    command.toLowerCase(),
    '-P',
    `${pipeline}`,
    '-n',
    `${requests}`,
    '-r',
    '100000',
    '--csv',
  ])
  const line = stdout.split('\n').find((text) => text.startsWith(`"${command}`))
  return Number(line?.split('","')[1])
}

function row(command: string, pipeline: number): Row {
  return {
    name: `${command} P${pipeline}`,
    unit: 'op/s',
    peer: PEER,
    must: pipeline === 1 ? 0.85 : 0.6,
    aim: 1,
    notes: '50 connections, 3-byte values, 100 000 keys',
    rounds: 9,
    async open({ quick }) {
      const theirs = await start('redis-server', [])
      const ours = await start(process.execPath, OURS)
      const requests = (pipeline === 1 ? 60_000 : 300_000) / (quick ? 4 : 1)
      return {
        ours: () => measure(ours, command, pipeline, requests),
        theirs: () => measure(theirs, command, pipeline, requests),
        async close() {
          await Promise.all([ours.stop(), theirs.stop()])
        },
      }
    },
  }
}

/** redis-benchmark against both servers in turns, both keeping their data. */
export const networkRows: readonly Row[] = [1, 16].flatMap((pipeline) =>
  COMMANDS.map((command) => row(command, pipeline)),
)
