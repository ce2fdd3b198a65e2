import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@ashlar/transport/testing'

/** Ports that redis-server may find taken before a test gives up. */
const PORTS_TRIED = 5

/** The real redis-server, as the machine has it. */
export class RealRedis {
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port
    this.#child = child
    this.#folder = folder
  }

  static async start(...options: string[]): Promise<RealRedis> {
    const folder = mkdtempSync(join(tmpdir(), 'real-redis-'))
    for (let left = PORTS_TRIED; ; left -= 1) {
      const port = await freePort()
      const args = ['--port', String(port), '--dir', folder, '--save', '', ...options]
      const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
      try {
        await untilPrinted(child, 'Ready to accept connections')
        return new RealRedis(port, child, folder)
      } catch (error) {
        // it takes no port 0: another test may have taken the port since it was free
        if (left === 0 || !String(error).includes('Address already in use')) throw error
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Resolves when the child's output holds the text; rejects when the child ends before. */
export function untilPrinted(child: ChildProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const ended = (code: number | null): void =>
      reject(new Error(`ended with ${code} before printing '${text}': ${output}`))
    child.once('exit', ended)
    child.once('error', reject)
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (!output.includes(text)) return
      child.removeListener('exit', ended)
      resolve(output)
    })
  })
}
