import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_HEADERS } from '../../src/message/headers.ts'
import type { Message } from '../../src/message/message.ts'
import { MessageRing } from '../../src/message/message-ring.ts'

const push = fc.record({ size: fc.nat({ max: 40 }) })
const shift = fc.constant('shift' as const)

function message(size: number, n: number): Message {
  return { subject: `m${n}`, payload: new Uint8Array(size), headers: NO_HEADERS }
}

test('a ring behaves as an array that drops from its front when it is over a bound', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: push }, shift), { maxLength: 200 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 300 }),
      (steps, maxLength, maxBytes) => {
        const ring = new MessageRing(maxLength, maxBytes)
        const model: Message[] = []
        let dropped = 0
        const bytes = (): number => model.reduce((sum, { payload }) => sum + payload.byteLength, 0)
        for (const [n, step] of steps.entries()) {
          if (step === 'shift') {
            expect(ring.shift()?.subject).toBe(model.shift()?.subject)
          } else {
            const added = message(step.size, n)
            while (
              model.length > 0 &&
              (model.length >= maxLength || bytes() + step.size > maxBytes)
            ) {
              model.shift()
              dropped += 1
            }
            ring.push(added)
            model.push(added)
          }
          expect([ring.length, ring.dropped]).toEqual([model.length, dropped])
        }
        while (model.length > 0) expect(ring.shift()?.subject).toBe(model.shift()?.subject)
        expect(ring.shift()).toBeUndefined()
      },
    ),
  )
})

test('clearing empties the ring and forgets its bytes', () => {
  const ring = new MessageRing(10, 100)
  for (let n = 0; n < 20; n += 1) ring.push(message(50, n))
  ring.clear()
  expect(ring.length).toBe(0)
  ring.push(message(60, 1))
  ring.push(message(40, 2))
  expect(ring.length).toBe(2)
})
