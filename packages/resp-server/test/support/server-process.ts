import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { untilPrinted } from './redis-server.ts'

/** The command line as its users run it; on sources in tests of sources. */
const ENTRY = fileURLToPath(
  process.env['TEST_TARGET'] === 'dist'
    ? new URL('../../bin/ashlar-resp.js', import.meta.url)
    : new URL('../../src/cli.ts', import.meta.url),
)

export class ServerProcess {
  readonly child: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.child = child
    this.port = port
  }

  static async start(...args: string[]): Promise<ServerProcess> {
    const child = spawn(process.execPath, [...process.execArgv, ENTRY, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = await untilPrinted(child, 'Ready to accept connections')
    return new ServerProcess(child, Number(/Ready .*? port=(\d+)/.exec(output)?.[1] ?? 0))
  }

  /** Ends it and answers with its exit code, or the signal's name. */
  async stop(signal: NodeJS.Signals): Promise<number | string | null> {
    const exited = once(this.child, 'exit')
    this.child.kill(signal)
    const [code, name] = (await exited) as [number | null, string | null]
    return code ?? name
  }
}

/** Runs the command line to its end. */
export async function runCli(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...process.execArgv, ENTRY, ...args])
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}
