import { createRecordCodec, type RecordCodec } from '@ashlar/codec'
import type { LogRecord } from '../log/log-records.ts'
import { headerBytes, NO_HEADERS } from '../message/headers.ts'
import type { Headers, Payload } from '../message/message.ts'

type Stored = readonly [
  timestampMs: number,
  subject: string,
  headers: Headers | null,
  payload: Payload,
]

const codec: RecordCodec<Stored> = createRecordCodec<Stored>({ version: 1 })

/** A record of a log as a value of the store; its sequence is in the key. */
export function encodeRecord({ timestampMs, subject, headers, payload }: LogRecord): Uint8Array {
  return codec.encode([timestampMs, subject, headers === NO_HEADERS ? null : headers, payload])
}

/** The record of a value. */
export function decodeRecord(sequence: number, value: Uint8Array): LogRecord {
  const [timestampMs, subject, stored, payload] = codec.decode(value)
  const headers = stored === null ? NO_HEADERS : Object.freeze(stored)
  const bytes = payload.byteLength + subject.length + headerBytes(headers)
  return { subject, payload, headers, reply: undefined, sequence, timestampMs, bytes }
}
