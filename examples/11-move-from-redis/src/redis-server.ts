import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '@ashlar/transport/testing'

export interface RunningRedis {
  readonly port: number
  stop(): Promise<void>
}

/** The redis-server that is installed here, in the place of yours. */
export async function startRedis(folder: string): Promise<RunningRedis> {
  const port = await freePort()
  const args = ['--port', String(port), '--dir', folder, '--repl-diskless-sync-delay', '0']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.once('error', () =>
      reject(new Error('this example needs redis-server: apt or brew has it')),
    )
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    child.stdout.on('data', (text: Buffer) => {
      if (text.includes('Ready to accept connections')) resolve()
    })
  })
  return {
    port,
    async stop() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}
