import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { freePort } from '@ashlar/transport/testing'

export interface RedisServer {
  readonly port: number
  readonly folder: string
  stop(): Promise<void>
}

/** A redis-server with an append-only file, synced every second, that never evicts. */
export async function startRedis(folder: string): Promise<RedisServer> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const child: ChildProcess = spawn(
    'redis-server',
    [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
    ].concat(['yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction']),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  const ready = Promise.withResolvers<void>()
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.includes('Ready to accept connections')) ready.resolve()
  })
  child.once('error', ready.reject)
  child.once('exit', () => ready.reject(new Error(`redis-server ended: ${output}`)))
  await ready.promise
  return {
    port,
    folder,
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
