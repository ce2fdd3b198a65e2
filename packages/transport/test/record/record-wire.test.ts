import { createRecordWire, isTransportError } from '@ashlar/transport'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTraceParent } from '../../src/record/trace-context.ts'

const codec = {
  encode: (value: string) => new TextEncoder().encode(value),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
}
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('the payload is what the codec made, and not a copy', () => {
  const made = Uint8Array.of(1, 2)
  const wire = createRecordWire({ codec: { encode: () => made, decode: (bytes) => bytes } })
  const { payload, headers } = wire.encode(made)
  expect(payload).toBe(made)
  expect(wire.decode({ payload, headers }).value).toBe(made)
})

test('every version up to the known major is read, every other one refused before its bytes', () => {
  const decoded: string[] = []
  const watched = {
    ...codec,
    decode: (bytes: Uint8Array): string => {
      decoded.push('x')
      return codec.decode(bytes)
    },
  }
  const number = fc.integer({ min: 1, max: 65_535 })
  fc.assert(
    fc.property(number, fc.nat(99), number, (own, minor, sent) => {
      const wire = createRecordWire({ codec: watched, version: `${own}.${minor}` })
      const { payload, headers } = createRecordWire({ codec, version: `${sent}.7` }).encode('x')
      decoded.length = 0
      if (sent <= own) {
        expect(wire.decode({ payload, headers }).version).toEqual({ major: sent, minor: 7 })
        return
      }
      let refused: unknown
      try {
        wire.decode({ payload, headers })
      } catch (error) {
        refused = error
      }
      expect(isTransportError(refused, 'VERSION_UNSUPPORTED')).toBe(true)
      expect(decoded).toEqual([])
    }),
  )
})

test('a version or trace of ones own that is none is a TypeError', () => {
  for (const version of ['0', '1.', 'v1', '1.01', '']) {
    expect(() => createRecordWire({ codec, version })).toThrow(TypeError)
  }
  const wire = createRecordWire({ codec })
  expect(() => wire.encode('x', { traceparent: 'nope' })).toThrow(/traceparent/)
})

test('the version cannot be given by hand, and a state without a trace does not travel', () => {
  const wire = createRecordWire({ codec, version: '4' })
  const context = { tracestate: 'a=b', headers: { 'Ashlar-Version': '9', kind: 'x' } }
  expect(wire.encode('x', context).headers).toEqual({ 'Ashlar-Version': '4', kind: 'x' })
})

test('a trace is one as W3C has it', () => {
  expect(isTraceParent(TRACE)).toBe(true)
  expect(isTraceParent(`cc${TRACE.slice(2)}-what-comes-later`)).toBe(true)
  const wrong = [
    `${TRACE}-more`,
    `ff${TRACE.slice(2)}`,
    TRACE.toUpperCase(),
    TRACE.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    TRACE.replace('00f067aa0ba902b7', '0'.repeat(16)),
    TRACE.slice(1),
    '',
  ]
  for (const value of wrong) expect([value, isTraceParent(value)]).toEqual([value, false])
})
