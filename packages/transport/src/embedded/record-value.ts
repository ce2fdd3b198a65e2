import { TransportError } from '../errors.ts'
import type { LogRecord } from '../log/log-records.ts'
import { headerBytes, NO_HEADERS } from '../message/headers.ts'
import type { Headers } from '../message/message.ts'
import type { Slab } from './slab.ts'

/*
 * A record of a log as it stands in the store; its sequence is told by where it stands. Numbers are
 * big-endian.
 *
 *   f64   wall clock in milliseconds
 *   u16   bytes of the subject
 *   u32   bytes of the headers, 0 for none
 *         subject, UTF-8
 *         headers, JSON { name: value }
 *         payload
 */
const SUBJECT_LENGTH_AT = 8
const HEADERS_LENGTH_AT = 10
const FIXED_BYTES = 14
/** Above it a character takes more than one byte. */
const LAST_ASCII = 127
/** Bytes that a UTF-16 unit takes at most. */
const UNIT_BYTES = 3

/** Headers as they are written, empty for none. */
export function encodeHeaders(headers: Headers): string {
  return headers === NO_HEADERS ? '' : JSON.stringify(headers)
}

/** Most bytes that a record takes. */
export function recordBound({ subject, payload }: LogRecord, headers: string): number {
  return FIXED_BYTES + (subject.length + headers.length) * UNIT_BYTES + payload.byteLength
}

/**
 * Writes a record at the end of the slab, which has room for it. Returns where its payload starts.
 * By hand: this is done for every append.
 */
export function writeRecord(slab: Slab, record: LogRecord, headers: string): number {
  const { bytes, view, used } = slab
  const { subject, payload } = record
  const subjectAt = used + FIXED_BYTES
  const headersAt = subjectAt + writeText(bytes, subject, subjectAt)
  const payloadAt = headers === '' ? headersAt : headersAt + bytes.write(headers, headersAt)
  view.setFloat64(used, record.timestampMs)
  view.setUint16(used + SUBJECT_LENGTH_AT, headersAt - subjectAt)
  view.setUint32(used + HEADERS_LENGTH_AT, payloadAt - headersAt)
  bytes.set(payload, payloadAt)
  slab.used = payloadAt + payload.byteLength
  return payloadAt
}

/** The record that stands in these bytes. Rejects as `STORAGE_FAILED` what was not written here. */
export function decodeRecord(sequence: number, value: Uint8Array): LogRecord {
  const { buffer, byteOffset, byteLength } = value
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  const headersAt = FIXED_BYTES + (byteLength < FIXED_BYTES ? 0 : bytes.readUInt16BE(8))
  const payloadAt = headersAt + (byteLength < FIXED_BYTES ? 0 : bytes.readUInt32BE(10))
  if (byteLength < FIXED_BYTES || payloadAt > byteLength) {
    throw new TransportError(
      'STORAGE_FAILED',
      `the record ${sequence} has ${byteLength} bytes and claims at least ${payloadAt}`,
    )
  }
  const subject = bytes.toString('utf8', FIXED_BYTES, headersAt)
  const headers =
    headersAt === payloadAt
      ? NO_HEADERS
      : parseHeaders(bytes.toString('utf8', headersAt, payloadAt))
  const payload = value.subarray(payloadAt)
  return {
    subject,
    payload,
    headers,
    reply: undefined,
    sequence,
    timestampMs: bytes.readDoubleBE(0),
    bytes: payload.byteLength + subject.length + headerBytes(headers),
  }
}

function parseHeaders(json: string): Headers {
  // Written by writeRecord, from headers that were checked.
  const parsed = JSON.parse(json) as Headers
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string>, parsed))
}

/** Writes text as UTF-8; returns how many bytes it takes. */
function writeText(bytes: Buffer, text: string, at: number): number {
  const { length } = text
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit > LAST_ASCII) return bytes.write(text, at)
    bytes[at + index] = unit
  }
  return length
}
