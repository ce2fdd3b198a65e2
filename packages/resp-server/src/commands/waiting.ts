import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { parseDouble } from '../values/numbers.ts'

/** Seconds, fractions allowed, as milliseconds. */
export function timeout(text: string): number {
  const seconds = parseDouble(text)
  if (seconds === undefined) {
    throw new ReplyError('ERR timeout is not a float or out of range')
  }
  if (seconds < 0) throw new ReplyError('ERR timeout is negative')
  const milliseconds = Math.ceil(seconds * 1000)
  if (milliseconds > Number.MAX_SAFE_INTEGER) throw new ReplyError('ERR timeout is out of range')
  return milliseconds
}

/**
 * Serves the client from the first of the keys that can serve it, or lets it wait for one. Within
 * a transaction nothing waits: the client gets what it would get when its time is up.
 */
export function serveOrWait(
  client: Client,
  keys: readonly string[],
  timeoutMs: number,
  serve: (key: string) => boolean,
  timedOut: () => void,
  watchesRemoval = false,
): void {
  for (const key of keys) if (serve(key)) return
  if (client.isInTransaction) timedOut()
  else
    client.server.blocking.block(client, {
      keys,
      timeoutMs,
      serve: guarded(client, serve),
      timedOut,
      watchesRemoval,
    })
}

/** An error while serving a client that waited is that client's answer. */
const guarded =
  (client: Client, serve: (key: string) => boolean) =>
  (key: string): boolean => {
    try {
      return serve(key)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      client.reply.error(error.message)
      return true
    }
  }
