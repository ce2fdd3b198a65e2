import { MsgHdrsImpl } from '@nats-io/transport-node'
import type { LogMessage } from '../../log/log.ts'
import { NO_HEADERS } from '../../message/headers.ts'
import type { Headers, Payload } from '../../message/message.ts'
import { type NatsMessage, userHeaders } from '../nats-message.ts'
import type { JetStreamApi } from './api.ts'
import { FAULT, isFault } from './api-error.ts'

const NOT_FOUND = 404

/** A message of a stream, whatever way it was read. */
export interface StoredMessage {
  readonly subject: string
  readonly sequence: number
  readonly timestampMs: number
  readonly headers: Headers
  readonly payload: Payload
  /** What `KV-Operation` says, '' for a value. */
  readonly operation: string
}

interface GetAnswer {
  readonly message: {
    readonly subject: string
    readonly seq: number
    readonly time: string
    readonly hdrs?: string
    readonly data?: string
  }
}

/**
 * The newest message of a subject. A stream of one copy answers directly; otherwise the leader is
 * asked, because a follower may not have the newest yet.
 */
export async function lastOf(
  api: JetStreamApi,
  stream: string,
  subject: string,
  direct: boolean,
): Promise<StoredMessage | undefined> {
  if (direct) return await lastDirect(api, stream, subject)
  try {
    const body = { last_by_subj: subject }
    const { message } = await api.read<GetAnswer>(`STREAM.MSG.GET.${stream}`, body)
    const headers =
      message.hdrs === undefined ? undefined : MsgHdrsImpl.decode(fromBase64(message.hdrs))
    return {
      subject: message.subject,
      sequence: message.seq,
      timestampMs: Math.floor(Date.parse(message.time)),
      headers: userHeaders(headers),
      payload: fromBase64(message.data ?? ''),
      operation: headers?.get('KV-Operation') ?? '',
    }
  } catch (error) {
    if (isFault(error, FAULT.noMessage)) return undefined
    throw error
  }
}

/** The first sequence from here on that matches, as the leader has it. */
export async function nextOf(
  api: JetStreamApi,
  stream: string,
  filter: string,
  from: number,
): Promise<number | undefined> {
  try {
    const body = { seq: from, next_by_subj: filter }
    return (await api.read<GetAnswer>(`STREAM.MSG.GET.${stream}`, body)).message.seq
  } catch (error) {
    if (isFault(error, FAULT.noMessage)) return undefined
    throw error
  }
}

async function lastDirect(
  api: JetStreamApi,
  stream: string,
  subject: string,
): Promise<StoredMessage | undefined> {
  const answer = await api.readDirect(`DIRECT.GET.${stream}`, { last_by_subj: subject })
  if (answer.status === NOT_FOUND) return undefined
  return directMessage(answer)
}

function directMessage(answer: NatsMessage): StoredMessage {
  const { headers, payload } = answer
  return {
    subject: answer.driverHeader('Nats-Subject'),
    sequence: Number(answer.driverHeader('Nats-Sequence')),
    timestampMs: Math.floor(Date.parse(answer.driverHeader('Nats-Time-Stamp'))),
    headers,
    payload,
    operation: answer.driverHeader('KV-Operation'),
  }
}

function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A stored message as a log shows it. */
export function logMessage(stored: StoredMessage, prefix: string): LogMessage {
  const { sequence, timestampMs, headers, payload } = stored
  return {
    subject: stored.subject.slice(prefix.length),
    payload,
    headers: Object.keys(headers).length === 0 ? NO_HEADERS : headers,
    reply: undefined,
    sequence,
    timestampMs,
  }
}
