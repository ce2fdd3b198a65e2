import type { ServerResponse } from 'node:http'
import { EventStream, eventText } from '@ashlar/service-kit'
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
  const stream = new EventStream(response, signal)
  if (stream.over.aborted) return
  const events = scheduler.watch({ signal: stream.over })
  stream.begin(heartbeatMs)
  try {
    for await (const event of events) {
      if (concerns(event, queue)) await stream.send(eventText(event.type, toJson(event.info)))
    }
  } finally {
    stream.end()
  }
}

function concerns({ info }: SchedulerEvent | MissedEvents, queue: string | undefined): boolean {
  return queue === undefined || !('queue' in info) || info.queue === queue
}
