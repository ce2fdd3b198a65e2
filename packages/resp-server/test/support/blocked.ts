import type { RespServer } from '@ashlar/resp-server'
import type { RawClient } from './raw-client.ts'

/** Sends a request and returns when the server counts one waiter more. */
export async function sendAndWait(
  server: RespServer,
  waiter: RawClient,
  ...args: string[]
): Promise<{ readonly reply: Promise<string> }> {
  const count = async (): Promise<number> => {
    const info = String(await server.execute(['INFO', 'clients']))
    return Number(/blocked_clients:(\d+)/.exec(info)?.[1])
  }
  const before = await count()
  const reply = waiter.call(...args)
  while ((await count()) === before) await new Promise<void>((resolve) => setImmediate(resolve))
  return { reply }
}
