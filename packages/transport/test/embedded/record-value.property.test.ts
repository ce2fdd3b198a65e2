import { isTransportError } from '@ashlar/transport'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeRecord,
  encodeHeaders,
  recordBound,
  writeRecord,
} from '../../src/embedded/record-value.ts'
import { Slab } from '../../src/embedded/slab.ts'
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

/** A record as it is written behind others, and how much of it stands in front of the payload. */
function written(given: LogRecord, before = 0): { value: Uint8Array; head: number } {
  const slab = new Slab()
  const headers = encodeHeaders(given.headers)
  const bound = recordBound(given, headers)
  slab.renew(before + bound)
  slab.used = before
  const payloadAt = writeRecord(slab, given, headers)
  expect(slab.used).toBeLessThanOrEqual(before + bound)
  return { value: slab.bytes.subarray(before, slab.used), head: payloadAt - before }
}

test('what is written is read again, within the bound, wherever it stands', () => {
  fc.assert(
    fc.property(record, fc.nat(50), (given, before) => {
      const { value, head } = written(given, before)
      expect([...value.subarray(head)]).toEqual([...given.payload])
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
      const { value, head } = written(given)
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
