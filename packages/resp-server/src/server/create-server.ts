import { resolveOptions, type ServerOptions } from './options.ts'
import { RespServer } from './resp-server.ts'
import { ServerCore } from './server.ts'

/**
 * Starts a Redis-compatible server, on sockets, in-process, or both.
 *
 * Durability follows `appendFsync`: with `always` a reply leaves when the change is on disk, with
 * `everysec` at most the last second can be lost, and never half a command or transaction.
 * Restart is instant: keys come from the store as they are touched.
 *
 * Rejects with RespServerError `LISTEN_FAILED` or `STORE_FORMAT`, or with a StoreError when the
 * data cannot be opened.
 *
 * @example
 * ```ts
 * await using server = await createServer({ port: 0, path: './data' })
 * await server.execute(['SET', 'greeting', 'hello'])
 * ```
 */
export async function createServer(options: ServerOptions = {}): Promise<RespServer> {
  return new RespServer(await ServerCore.open(resolveOptions(options)))
}
