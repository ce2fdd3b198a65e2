import { type Msg, type MsgHdrs, headers as natsHeaders } from '@nats-io/transport-node'
import { NO_HEADERS } from '../message/headers.ts'
import type { Headers, Message, Payload } from '../message/message.ts'

/** Headers that the server and the driver use among themselves. */
const DRIVER_HEADER = /^(?:nats|kv)-/i
/** The headers of service errors start alike but are meant for the other side. */
const SERVICE_HEADER = /^nats-service-/i

/** A message as it came from the server: nothing is decoded before it is asked for. */
export class NatsMessage implements Message {
  readonly #msg: Msg
  #headers: Headers | undefined

  constructor(msg: Msg) {
    this.#msg = msg
  }

  get subject(): string {
    return this.#msg.subject
  }

  get payload(): Payload {
    return this.#msg.data
  }

  get headers(): Headers {
    this.#headers ??= userHeaders(this.#msg.headers)
    return this.#headers
  }

  get reply(): string | undefined {
    const { reply } = this.#msg
    return reply === '' ? undefined : reply
  }

  /** The status that the server sends instead of a message, 0 for a message. */
  get status(): number {
    return this.#msg.headers?.code ?? 0
  }

  /** A header of the server or of the driver, '' when it is not there. */
  driverHeader(name: string): string {
    return this.#msg.headers?.get(name) ?? ''
  }
}

/** The headers that a user wrote, without those of the server and the driver. */
export function userHeaders(headers: MsgHdrs | undefined): Headers {
  if (headers === undefined) return NO_HEADERS
  const copy: Record<string, string> = Object.create(null)
  let count = 0
  for (const name of headers.keys()) {
    if (DRIVER_HEADER.test(name) && !SERVICE_HEADER.test(name)) continue
    copy[name] = headers.get(name)
    count += 1
  }
  return count === 0 ? NO_HEADERS : Object.freeze(copy)
}

/** Headers as the client writes them; undefined when there are none. */
export function wireHeaders(headers: Headers): MsgHdrs | undefined {
  if (headers === NO_HEADERS) return undefined
  const names = Object.keys(headers)
  if (names.length === 0) return undefined
  const wire = natsHeaders()
  for (const name of names) wire.append(name, headers[name] ?? '')
  return wire
}

/** Headers with nothing in them yet. */
export function createHeaders(): MsgHdrs {
  return natsHeaders()
}
