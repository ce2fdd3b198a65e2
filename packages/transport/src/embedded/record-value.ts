import { TransportError } from '../errors.ts'
import type { LogRecord } from '../log/log-records.ts'
import { headerBytes, NO_HEADERS } from '../message/headers.ts'
import type { Headers, Payload } from '../message/message.ts'

/*
 * A record of a log as a value of the store; its sequence is in the key. Numbers are big-endian.
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

/** The value of a record, and its payload as a part of that value. */
export interface EncodedRecord {
  readonly value: Uint8Array
  readonly payload: Payload
}

/** Writes a record by hand: this is done for every append. */
export function encodeRecord({ timestampMs, subject, headers, payload }: LogRecord): EncodedRecord {
  const json = headers === NO_HEADERS ? '' : JSON.stringify(headers)
  const headersLength = json === '' ? 0 : Buffer.byteLength(json)
  const subjectLength = isAscii(subject) ? subject.length : Buffer.byteLength(subject)
  const headersAt = FIXED_BYTES + subjectLength
  const payloadAt = headersAt + headersLength
  const value = Buffer.allocUnsafe(payloadAt + payload.byteLength)
  value.writeDoubleBE(timestampMs, 0)
  value.writeUInt16BE(subjectLength, SUBJECT_LENGTH_AT)
  value.writeUInt32BE(headersLength, HEADERS_LENGTH_AT)
  if (subjectLength === subject.length) writeAscii(value, subject)
  else value.write(subject, FIXED_BYTES)
  if (headersLength > 0) value.write(json, headersAt)
  value.set(payload, payloadAt)
  return {
    value,
    payload: new Uint8Array(value.buffer, value.byteOffset + payloadAt, payload.byteLength),
  }
}

/** The record of a value. Rejects as `STORAGE_FAILED` what was not written by this package. */
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
  // Written by encodeRecord, from headers that were checked.
  const parsed = JSON.parse(json) as Headers
  return Object.freeze(Object.assign(Object.create(null) as Record<string, string>, parsed))
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > LAST_ASCII) return false
  }
  return true
}

function writeAscii(value: Buffer, text: string): void {
  for (let index = 0; index < text.length; index += 1) {
    value[FIXED_BYTES + index] = text.charCodeAt(index)
  }
}
