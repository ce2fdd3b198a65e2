import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Line } from './releases.ts'

export type Reminded = Extract<Line, { reminded: unknown }>['reminded']

/** One deployed release, watched from outside. */
export interface Deployed {
  /** The URL of a service, the id of a worker. */
  readonly name: string
  /** Ends it as a deploy does (SIGTERM) or as a crash does (SIGKILL); resolves with its end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface Deployment {
  readonly release: string
  /** The service is one process on a folder, or one of many workers over NATS. */
  readonly on: { readonly store: string } | { readonly nats: string }
  onReminded(reminded: Reminded): void
  /** It ended, and nobody had asked it to. */
  onDied(error: Error): void
}

const SERVICE = fileURLToPath(new URL('./service.ts', import.meta.url))
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** Resolves when the release listens; rejects with its last words when it ends before that. */
export async function deploy(deployment: Deployment): Promise<Deployed> {
  const { release, on, onReminded, onDied } = deployment
  const where = 'store' in on ? [SERVICE, '--store', on.store] : [WORKER, '--nats', on.nats]
  const args = [...process.execArgv, ...where, '--release', release]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close')
  // Whatever ends the play ends what it has started.
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString()
  })
  const name = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line
      if ('listening' in line) resolve(line.listening)
      else onReminded(line.reminded)
    })
    exited.then(() => reject(new Error(/^\w*Error.*$/m.exec(words)?.[0] ?? words)), reject)
  })
  let isEnding = false
  exited.then(() => {
    if (!isEnding) onDied(new Error(`the ${release} release died: ${words}`))
  }, onDied)
  return {
    name,
    async end(signal) {
      isEnding = true
      child.kill(signal)
      await exited
    },
  }
}
