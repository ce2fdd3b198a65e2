import type { ServerResponse } from 'node:http'
import { EventStream, eventText } from '@ashlar/service-kit'
import type { RespValue } from '../protocol/value-writer.ts'
import { toJson } from './json.ts'
import type { Session } from './session.ts'

export interface StreamOptions {
  readonly session: Session
  readonly maxQueued: number
  readonly heartbeatMs: number
  readonly signal: AbortSignal
  /** What is told of a push; undefined: nothing. */
  readonly show: (items: readonly RespValue[]) => Message | undefined
  /** Begins what is listened to. */
  readonly begin: () => Promise<unknown>
}

export interface Message {
  readonly event: string
  readonly data: unknown
}

/**
 * Writes what a session is pushed as server-sent events, until the client leaves or the signal is
 * aborted. What does not fit into the queue of a slow reader is dropped, and told of by a `missed`
 * event.
 */
export async function streamPushes(
  response: ServerResponse,
  options: StreamOptions,
): Promise<void> {
  const { session, maxQueued, heartbeatMs, signal, show, begin } = options
  const stream = new EventStream(response, signal)
  const { over } = stream
  const queue: Message[] = []
  let missed = 0
  let wake = (): void => {}
  session.client.onPush = (items) => {
    const message = show(items)
    if (message === undefined) return
    if (queue.length < maxQueued) queue.push(message)
    else missed += 1
    wake()
  }
  over.addEventListener('abort', () => wake(), { once: true })
  await begin()
  stream.begin(heartbeatMs)
  try {
    while (!over.aborted) {
      if (queue.length === 0 && missed === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const batch = queue.splice(0)
      if (missed > 0) batch.push({ event: 'missed', data: { count: missed } })
      missed = 0
      const text = batch.map(({ event, data }) => eventText(event, JSON.stringify(data)))
      await stream.send(text.join(''))
    }
  } finally {
    stream.end()
  }
}

/** A message of a channel or pattern. */
export function showMessage(items: readonly RespValue[]): Message | undefined {
  const [kind, ...rest] = items.map(toJson)
  if (kind === 'message' || kind === 'smessage') {
    return { event: 'message', data: { channel: rest[0], message: rest[1] } }
  }
  if (kind !== 'pmessage') return undefined
  return { event: 'message', data: { pattern: rest[0], channel: rest[1], message: rest[2] } }
}

/** A line of MONITOR: when, in which database, from where, what. */
export function showCommand(items: readonly RespValue[]): Message | undefined {
  const [line] = items
  const match = /^(\d+\.\d+) \[(\d+) ([^\]]*)\] (.*)$/s.exec(String(line))
  if (match === null) return undefined
  const [, time, database, source, command] = match
  const data = { time: Number(time), database: Number(database), source, command }
  return { event: 'command', data }
}
