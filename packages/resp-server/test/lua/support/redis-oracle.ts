import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real redis-server that evaluates scripts, for comparison. */
export class RedisOracle implements AsyncDisposable {
  private readonly server: ChildProcess
  private readonly socket: Socket
  private readonly directory: string
  private received = ''
  private readonly waiting: ((reply: string) => void)[] = []

  static async start(): Promise<RedisOracle> {
    const directory = mkdtempSync(join(tmpdir(), 'lua-oracle-'))
    const path = join(directory, 'redis.sock')
    const options = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', directory]
    const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
    // a script that never ends would outlive a test run that was cut off
    const kill = (): void => void server.kill('SIGKILL')
    process.once('exit', kill)
    server.once('exit', () => process.removeListener('exit', kill))
    await new Promise<void>((resolve, reject) => {
      let log = ''
      server.once('exit', () => reject(new Error(`redis-server did not start:\n${log}`)))
      server.stdout.on('data', (chunk: Buffer) => {
        log += chunk.toString()
        if (log.includes('eady to accept connections')) resolve()
      })
    })
    const socket = createConnection(path)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new RedisOracle(server, socket, directory)
  }

  private constructor(server: ChildProcess, socket: Socket, directory: string) {
    this.server = server
    this.socket = socket
    this.directory = directory
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.receive(chunk))
  }

  /** The raw reply bytes to EVAL on an empty database. */
  async eval(
    source: string,
    keys: readonly string[] = [],
    argv: readonly string[] = [],
  ): Promise<string> {
    const flushed = this.send(['FLUSHALL'])
    const reply = this.send(['EVAL', source, String(keys.length), ...keys, ...argv])
    await flushed
    return reply
  }

  send(args: readonly string[]): Promise<string> {
    const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`)
    const reply = new Promise<string>((resolve) => this.waiting.push(resolve))
    this.socket.write(`*${args.length}\r\n${parts.join('')}`, 'latin1')
    return reply
  }

  private receive(chunk: string): void {
    this.received += chunk
    for (;;) {
      const end = replyEnd(this.received, 0)
      if (end < 0) return
      const reply = this.received.slice(0, end)
      this.received = this.received.slice(end)
      this.waiting.shift()?.(reply)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    const gone = new Promise((resolve) => this.server.once('exit', resolve))
    this.server.kill('SIGKILL')
    await gone
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Where the reply that starts at `from` ends, -1 while it is not whole. */
function replyEnd(text: string, from: number): number {
  const lineEnd = text.indexOf('\r\n', from)
  if (lineEnd < 0) return -1
  const type = text[from]
  const after = lineEnd + 2
  if (type !== '$' && type !== '*') return after
  const length = Number(text.slice(from + 1, lineEnd))
  if (length < 0) return after
  if (type === '$') return after + length + 2 <= text.length ? after + length + 2 : -1
  let at = after
  for (let i = 0; i < length && at >= 0; i++) at = replyEnd(text, at)
  return at
}
