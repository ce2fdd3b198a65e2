import { isTransportError } from '@ashlar/transport'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecord, encodeRecord } from '../../src/embedded/record-value.ts'
import type { LogRecord } from '../../src/log/log-records.ts'
import { copyHeaders, headerBytes } from '../../src/message/headers.ts'

const MAX_HEADER_BYTES = 16_384

const record: fc.Arbitrary<LogRecord> = fc
  .record({
    subject: fc.oneof(fc.constantFrom('a', 'orders.17.created', 'größe.日本'), fc.string()),
    payload: fc.uint8Array({ maxLength: 300 }),
    headers: fc.dictionary(
      fc.constantFrom('a', 'b-C', '__proto__'),
      fc.constantFrom('', 'ü', 'x:y'),
    ),
    timestampMs: fc.nat(),
    sequence: fc.nat(),
  })
  .map(({ headers: given, ...rest }) => {
    const headers = copyHeaders(Object.keys(given).length > 0 ? given : undefined, MAX_HEADER_BYTES)
    const bytes = rest.payload.byteLength + rest.subject.length + headerBytes(headers)
    return { ...rest, headers, reply: undefined, bytes }
  })

test('what is written is read again, and the payload is a part of the value', () => {
  fc.assert(
    fc.property(record, (given) => {
      const { value, payload } = encodeRecord(given)
      expect([...payload]).toEqual([...given.payload])
      expect(payload.buffer).toBe(value.buffer)
      const read = decodeRecord(given.sequence, value)
      expect({ ...read, payload: [...read.payload], headers: { ...read.headers } }).toEqual({
        ...given,
        payload: [...given.payload],
        headers: { ...given.headers },
      })
    }),
  )
})

test('a value that was cut or claims more than it has is refused, not read beyond', () => {
  fc.assert(
    fc.property(record, fc.nat(), (given, cut) => {
      const { value, payload } = encodeRecord(given)
      const head = value.byteLength - payload.byteLength
      const short = value.subarray(0, cut % head)
      try {
        decodeRecord(1, short)
        expect.unreachable('it was read')
      } catch (error) {
        expect(isTransportError(error, 'STORAGE_FAILED')).toBe(true)
      }
    }),
  )
})
