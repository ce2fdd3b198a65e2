import { isReplicatorError } from '@ashlar/pubsub-replicator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRow, encodeRow, encodeWireRow } from '../../src/row/row-bytes.ts'
import { history } from './rows.ts'

const row = fc
  .tuple(
    history('node-1').map((rows) => rows.at(-1)!),
    fc.constantFrom('', 'hub', 'edge_2'),
    fc.array(fc.stringMatching(/^[0-9a-f]{16}$/), { maxLength: 3 }),
    fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'ü'), { minLength: 1 }), { nil: undefined }),
  )
  .map(([base, via, left, columns]) => ({ ...base, via, left, columns }))

test('a row comes back from its bytes', () => {
  fc.assert(
    fc.property(row, (made) => {
      const back = decodeRow(encodeRow(made))
      expect({ ...back, value: back.value && [...back.value] }).toEqual({
        ...made,
        value: made.value && [...made.value],
      })
    }),
  )
})

test('what is sent does not say through whom it came nor whose selection it left', () => {
  fc.assert(
    fc.property(row, (made) => {
      expect(decodeRow(encodeWireRow(made))).toMatchObject({ via: '', left: [] })
    }),
  )
})

test('damaged bytes are refused by code or read as some row, and never hang or crash', () => {
  const damage = fc.tuple(fc.nat(), fc.nat(255), fc.boolean())
  fc.assert(
    fc.property(row, fc.array(damage, { minLength: 1, maxLength: 4 }), (made, damages) => {
      let bytes = encodeRow(made).slice()
      for (const [at, value, cut] of damages) {
        if (cut) bytes = bytes.slice(0, at % (bytes.length + 1))
        else if (bytes.length > 0) bytes[at % bytes.length] = value
      }
      try {
        decodeRow(bytes)
      } catch (error) {
        expect(isReplicatorError(error, 'ROW_CORRUPT')).toBe(true)
      }
    }),
    { numRuns: 2000 },
  )
})

test('any bytes at all are refused by code or read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decodeRow(bytes)
      } catch (error) {
        expect(isReplicatorError(error, 'ROW_CORRUPT')).toBe(true)
      }
    }),
  )
})
