import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Line } from './releases.ts'

export type Reminded = Extract<Line, { reminded: unknown }>['reminded']

/** One deployed release, watched from outside. */
export interface Deployed {
  readonly url: string
  /** Ends it as a deploy does (SIGTERM) or as a crash does (SIGKILL); resolves with its end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface Deployment {
  readonly release: string
  readonly store: string
  onReminded(reminded: Reminded): void
  /** It ended, and nobody had asked it to. */
  onDied(error: Error): void
}

const SERVICE = fileURLToPath(new URL('./service.ts', import.meta.url))

/** Resolves when the release listens; rejects with its last words when it ends before that. */
export async function deploy(deployment: Deployment): Promise<Deployed> {
  const { release, store, onReminded, onDied } = deployment
  const args = [...process.execArgv, SERVICE, '--release', release, '--store', store]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close')
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString()
  })
  const url = await new Promise<string>((resolve, reject) => {
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
    url,
    async end(signal) {
      isEnding = true
      child.kill(signal)
      await exited
    },
  }
}
