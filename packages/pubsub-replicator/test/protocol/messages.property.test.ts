import { createRecordCodec } from '@ashlar/codec'
import { isReplicatorError } from '@ashlar/pubsub-replicator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMessages, type MessageCodec, type Push } from '../../src/protocol/messages.ts'

const messages = createMessages(1024 * 1024)
const anything = createRecordCodec<unknown>({ version: 1 })
const position = fc.record({
  store: fc.string({ maxLength: 20 }),
  life: fc.nat(),
  sequence: fc.nat(),
})

const push: fc.Arbitrary<Push> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }),
    fc.uint8Array({ minLength: 1, maxLength: 20 }),
    position,
  )
  .map(([sequences, bytes, at]) => ({
    at: { ...at, sequence: 1001 },
    previous: 0,
    changes: sequences
      .toSorted((a, b) => a - b)
      .map((sequence) => ({ sequence, entries: [[bytes, bytes] as const], tables: ['t', 'u'] })),
  }))

test('messages come back from their bytes', () => {
  fc.assert(
    fc.property(push, (message) => {
      expect(messages.push.decode(messages.push.encode(message))).toEqual(message)
    }),
  )
  const open = {
    node: 'a',
    selection: { where: { field: 'x', eq: 1 } },
    position: { store: 's', life: 1, sequence: 2 },
    held: 'd',
    leaseMs: 1000,
  }
  expect(messages.open.decode(messages.open.encode(open))).toEqual(open)
  const page = { node: 'a', digest: 'd', token: '', after: undefined, compare: true, maxBytes: 9 }
  expect(messages.page.decode(messages.page.encode(page))).toEqual(page)
  const bytes = new Uint8Array([1])
  const check = { node: 'a', digest: 'd', entries: [[bytes, bytes] as const] }
  expect(messages.check.decode(messages.check.encode(check))).toEqual(check)
  const checked = {
    at: { store: 's', life: 1, sequence: 2 },
    entries: [[bytes, null] as const, [bytes, bytes] as const],
  }
  expect(messages.checked.decode(messages.checked.encode(checked))).toEqual(checked)
  const refusal = { refused: 'BUSY', reason: 'full' } as const
  expect(messages.opened.decode(messages.opened.encode(refusal))).toEqual(refusal)
})

const codecs = Object.entries(messages) as [string, MessageCodec<unknown>][]

test.each(codecs)('%s: any bytes are refused as malformed or read', (_, codec) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(isMalformedOrRead(codec, bytes)).toBe(true)
    }),
  )
})

test.each(codecs)('%s: any value where a message should be is refused or read', (_, codec) => {
  const values = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true }),
    fc.dictionary(
      fc.constantFrom(
        'node',
        'at',
        'changes',
        'previous',
        'entries',
        'selection',
        'refused',
        'digest',
      ),
      fc.anything({ withBigInt: true }),
    ),
  )
  fc.assert(
    fc.property(values, (value) => {
      let bytes: Uint8Array
      try {
        bytes = anything.encode(value)
      } catch {
        return // no message can hold it
      }
      expect(isMalformedOrRead(codec, bytes)).toBe(true)
    }),
  )
})

test('a push that goes backwards is malformed', () => {
  const at = { store: 's', life: 1, sequence: 5 }
  const change = (sequence: number) => ({ sequence, entries: [], tables: [] })
  const bad: Push[] = [
    { at, previous: 6, changes: [] },
    { at, previous: 0, changes: [change(6)] },
    { at, previous: 0, changes: [change(4), change(3)] },
    { at, previous: 0, changes: [change(0)] },
  ]
  for (const message of bad) {
    expect(() => messages.push.decode(messages.push.encode(message))).toThrow('backwards')
  }
})

function isMalformedOrRead(codec: MessageCodec<unknown>, bytes: Uint8Array): boolean {
  try {
    codec.decode(bytes)
    return true
  } catch (error) {
    return isReplicatorError(error, 'MESSAGE_MALFORMED')
  }
}
