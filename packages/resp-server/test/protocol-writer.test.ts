import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reply } from '../src/protocol/reply.ts'
import { LARGE_REPLY_BYTES, ReplyMemory } from '../src/protocol/reply-memory.ts'
import { RespWriter } from '../src/protocol/resp-writer.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A reply, and the bytes that it has to become. */
interface Case {
  write(reply: Reply): void
  readonly bytes: string
}

const length = fc.oneof(fc.nat(80), fc.nat(3000), fc.nat(3 * LARGE_REPLY_BYTES))
const text = fc
  .tuple(length, fc.nat(255))
  .map(([size, code]) => String.fromCharCode(code).repeat(size))
const bulk = (body: string): string => `$${body.length}\r\n${body}\r\n`
const reply: fc.Arbitrary<Case> = fc.oneof(
  fc.constant<Case>({ write: (to) => to.ok(), bytes: '+OK\r\n' }),
  fc.constant<Case>({ write: (to) => to.null(), bytes: '$-1\r\n' }),
  fc.maxSafeInteger().map((n): Case => ({ write: (to) => to.integer(n), bytes: `:${n}\r\n` })),
  fc.nat(2000).map((n): Case => ({ write: (to) => to.array(n), bytes: `*${n}\r\n` })),
  text.map((body): Case => ({ write: (to) => to.bulk(body), bytes: bulk(body) })),
  text.map((body): Case => ({ write: (to) => to.bulk(latin1(body)), bytes: bulk(body) })),
)

/** Takes what waits, as a connection does. */
function take(writer: RespWriter): Buffer {
  expect(writer.isEmpty).toBe(false)
  const { size } = writer
  const bytes = writer.isWhole
    ? Buffer.from(writer.bytes.subarray(0, size))
    : Buffer.concat(writer.takeChunks())
  expect(bytes.length).toBe(size)
  writer.clear()
  expect(writer.isEmpty).toBe(true)
  return bytes
}

test('writers that share memory keep their replies apart, whatever their sizes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(fc.nat(2), reply), { maxLength: 12 }), { maxLength: 6 }),
      (turns) => {
        const memory = new ReplyMemory()
        const writers = [0, 1, 2].map(() => new RespWriter(memory, () => {}))
        // taken at a turn's end and looked at when later turns have written elsewhere
        const taken: { readonly bytes: Buffer; readonly expected: string }[] = []
        for (const turn of turns) {
          for (const [to, { write }] of turn) write(writers[to] as RespWriter)
          for (const [at, writer] of writers.entries()) {
            const expected = turn.filter(([to]) => to === at).map(([, { bytes }]) => bytes)
            if (expected.length > 0)
              taken.push({ bytes: take(writer), expected: expected.join('') })
            else expect(writer.isEmpty).toBe(true)
          }
        }
        for (const { bytes, expected } of taken) expect(bytes.equals(latin1(expected))).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
})

test('what waits and is thrown away does not show in the next reply', () => {
  const writer = new RespWriter(new ReplyMemory(), () => {})
  writer.bulk(Buffer.alloc(LARGE_REPLY_BYTES, 'x'))
  writer.clear()
  writer.ok()
  expect(take(writer).toString()).toBe('+OK\r\n')
})

test('an error stays one line, and is counted once', () => {
  const counted: string[] = []
  const writer = new RespWriter(new ReplyMemory(), (line) => counted.push(line))
  writer.error('ERR a\r\nb')
  writer.error('ERR c', true)
  expect(take(writer).toString()).toBe('-ERR a  b\r\n-ERR c\r\n')
  expect(counted).toEqual(['ERR a\r\nb'])
})
