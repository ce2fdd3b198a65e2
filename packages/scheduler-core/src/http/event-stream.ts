import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { toJson } from '../observe/json.ts'
import type { MissedEvents, SchedulerEvent } from '../observe/watch.ts'
import type { HttpScheduler } from './surface.ts'

export interface StreamOptions {
  readonly scheduler: HttpScheduler
  /** Only events of this queue. */
  readonly queue: string | undefined
  readonly heartbeatMs: number
  readonly signal: AbortSignal
}

/**
 * Writes what happens as server-sent events until the client leaves, the signal is aborted or the
 * scheduler is closed. A client that reads too slowly is sent a `missed` event in the place of what
 * it missed; nothing grows for it.
 */
export async function streamEvents(
  response: ServerResponse,
  { scheduler, queue, heartbeatMs, signal }: StreamOptions,
): Promise<void> {
  const left = new AbortController()
  response.once('close', () => left.abort())
  if (response.destroyed) return
  const over = AbortSignal.any([signal, left.signal])
  const events = scheduler.watch({ signal: over })
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // a connection that a stream has used is not one that a closing server waits for
    connection: 'close',
    'x-accel-buffering': 'no',
  })
  response.write('retry: 1000\n\n')
  const heart = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': alive\n\n')
  }, heartbeatMs)
  heart.unref()
  try {
    for await (const event of events) {
      if (!concerns(event, queue)) continue
      if (response.write(`event: ${event.type}\ndata: ${toJson(event.info)}\n\n`)) continue
      await Promise.race([once(response, 'drain'), aborted(over)])
    }
  } finally {
    clearInterval(heart)
    response.end()
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

function concerns({ info }: SchedulerEvent | MissedEvents, queue: string | undefined): boolean {
  return queue === undefined || !('queue' in info) || info.queue === queue
}
