import { compareBytes } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  Layout,
  MAX_QUEUE_NUMBER,
  MAX_SEQUENCE,
  MAX_TIME,
  readPlace,
  readWaitingPlace,
} from '../../src/storage/layout.ts'
import { formatId, idBytes, parseId } from '../../src/task/id.ts'

const layout = new Layout('~s/')
const place = fc.record({
  queue: fc.integer({ min: 0, max: MAX_QUEUE_NUMBER }),
  at: fc.integer({ min: 0, max: MAX_TIME }),
  seq: fc.integer({ min: 0, max: MAX_SEQUENCE }),
})

test('the order of keys is queue, then time, then sequence', () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      const keys = [a, b].map(({ queue, at, seq }) => layout.task('due', queue, at, seq))
      const expected = a.queue - b.queue || a.at - b.at || a.seq - b.seq
      const found = compareBytes(keys[0] as Uint8Array, keys[1] as Uint8Array)
      expect(Math.sign(found)).toBe(Math.sign(expected))
    }),
  )
})

test('keys and ids give back the place that they were made from', () => {
  fc.assert(
    fc.property(place, fc.string({ maxLength: 40, unit: 'binary' }), (one, key) => {
      const { queue, at, seq } = one
      expect(readPlace(layout.task('dead', queue, at, seq), layout.headLength)).toEqual(one)
      const waiting = layout.waiting(queue, key, at, seq)
      expect(readWaitingPlace(waiting, layout.headLength)).toEqual(one)
      const id = formatId(idBytes(queue, at, seq))
      expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
      expect(parseId(id)).toEqual(one)
    }),
  )
})

test('the tasks that wait behind a key share a range with no other key', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      place,
      (mine, other, { queue, at, seq }) => {
        const { gte, lt } = layout.waitingBounds(queue, mine)
        const inRange = (key: Uint8Array) =>
          compareBytes(gte, key) <= 0 && compareBytes(key, lt) < 0
        expect(inRange(layout.waiting(queue, mine, at, seq))).toBe(true)
        expect(inRange(layout.waiting(queue, other, at, seq))).toBe(mine === other)
      },
    ),
  )
})

test.each(['', 'x', '8'.padEnd(26, '0'), 'U'.padStart(26, '0'), '7'.padEnd(26, 'Z')])(
  'the text %j is no id',
  (text) => {
    expect(parseId(text)).toBeUndefined()
  },
)
