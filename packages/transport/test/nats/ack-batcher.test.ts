import { isTransportError, TransportError } from '@ashlar/transport'
import { expect, test } from 'vitest'
import {
  AckBatcher,
  type AckLink,
  type Acknowledgeable,
} from '../../src/nats/jetstream/ack-batcher.ts'
import { parseAckSubject } from '../../src/nats/jetstream/ack-subject.ts'
import { RecentSet } from '../../src/nats/jetstream/recent-set.ts'

type Answer = Awaited<ReturnType<AckLink['ask']>>

/** A connection that notes what is sent, and whose questions are answered by the test. */
class Wire implements AckLink {
  reachable = true
  readonly options = { requestTimeoutMs: 1_000 }
  /** Plain acknowledgements, and questions with a mark. */
  readonly sent: string[] = []
  readonly questions: PromiseWithResolvers<Answer>[] = []

  assertUsable(): void {
    if (!this.reachable) throw new TransportError('DISCONNECTED', 'down')
  }

  sendNow(subject: string): void {
    this.sent.push(subject)
  }

  ask(subject: string): Promise<Answer> {
    this.sent.push(`${subject}?`)
    const question = Promise.withResolvers<Answer>()
    this.questions.push(question)
    return question.promise
  }

  async answer(): Promise<void> {
    this.questions.shift()?.resolve(undefined as never) // nobody looks at it
    await turn()
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What became of the acknowledgements of some messages. */
class Outcomes {
  readonly acknowledged: string[] = []
  readonly unknown: string[] = []
  readonly resolved: string[] = []
  readonly rejected: string[] = []
  readonly wire = new Wire()
  readonly #batcher = new AckBatcher(this.wire)

  ack(...replies: string[]): void {
    for (const reply of replies) {
      const item: Acknowledgeable = {
        reply,
        onAcknowledged: () => this.acknowledged.push(reply),
        onUnacknowledged: () => this.unknown.push(reply),
      }
      this.#batcher.ack(item).then(
        () => this.resolved.push(reply),
        (error: unknown) => {
          this.rejected.push(`${reply} ${isTransportError(error) ? error.code : String(error)}`)
        },
      )
    }
  }

  flush(): void {
    this.#batcher.flush()
  }
}

test('of what is acknowledged in one turn the newest asks, and its answer stands for all', async () => {
  const outcomes = new Outcomes()
  outcomes.ack('a', 'b')
  await Promise.resolve().then(() => outcomes.ack('c'))
  expect(outcomes.wire.sent).toEqual([])
  await turn()
  expect(outcomes.wire.sent).toEqual(['a', 'b', 'c?'])
  expect(outcomes.resolved).toEqual([])
  await outcomes.wire.answer()
  expect(outcomes.resolved).toEqual(['a', 'b', 'c'])
  expect(outcomes.acknowledged).toEqual(['a', 'b', 'c'])
})

test('while an answer is awaited all but the newest go out, and that one asks next', async () => {
  const outcomes = new Outcomes()
  const { wire } = outcomes
  outcomes.ack('a')
  await turn()
  outcomes.ack('b', 'c')
  await turn()
  outcomes.ack('d')
  await turn()
  expect(wire.sent).toEqual(['a?', 'b', 'c'])
  await wire.answer()
  expect(outcomes.resolved).toEqual(['a'])
  expect(wire.sent).toEqual(['a?', 'b', 'c', 'd?'])
  await wire.answer()
  expect(outcomes.resolved).toEqual(['a', 'b', 'c', 'd'])
})

test('an answer that was lost leaves open what was sent since, and later ones are asked anew', async () => {
  const outcomes = new Outcomes()
  const { wire } = outcomes
  outcomes.ack('a')
  await turn()
  outcomes.ack('b', 'c')
  await turn()
  wire.questions.shift()?.reject(new TransportError('TIMEOUT', 'late'))
  await turn()
  const unknown = ['a', 'b', 'c'].map((reply) => `${reply} UNKNOWN_OUTCOME`)
  expect(outcomes.rejected).toEqual(unknown)
  expect(outcomes.unknown).toEqual(['a', 'b', 'c'])
  outcomes.ack('d')
  await turn()
  await wire.answer()
  expect(outcomes.resolved).toEqual(['d'])
})

test('a long turn does not hold back more than a bound', async () => {
  const outcomes = new Outcomes()
  const replies = Array.from({ length: 200 }, (_, n) => `${n}`)
  outcomes.ack(...replies)
  expect(outcomes.wire.sent.length).toBeGreaterThan(100)
  await turn()
  expect(outcomes.wire.sent).toEqual([...replies.slice(0, -1), '199?'])
})

test('a consumer that ends sends what it has, also while an answer is awaited', async () => {
  const outcomes = new Outcomes()
  const { wire } = outcomes
  outcomes.ack('a')
  await turn()
  outcomes.ack('b', 'c')
  outcomes.flush()
  expect(wire.sent).toEqual(['a?', 'b', 'c?'])
  wire.questions.shift()?.reject(new TransportError('UNKNOWN_OUTCOME', 'lost'))
  await turn()
  await wire.answer()
  expect(outcomes.rejected).toEqual(['a UNKNOWN_OUTCOME'])
  expect(outcomes.resolved).toEqual(['b', 'c'])
})

test('without a connection nothing is sent and everybody is told', async () => {
  const outcomes = new Outcomes()
  outcomes.ack('a', 'b')
  outcomes.wire.reachable = false
  await turn()
  expect(outcomes.wire.sent).toEqual([])
  expect(outcomes.rejected).toEqual(['a DISCONNECTED', 'b DISCONNECTED'])
})

test('a delivery tells its place by its reply subject, of old servers and new ones', () => {
  const facts = { deliveries: 2, sequence: 30, consumerSequence: 41, pending: 5 }
  const old = '$JS.ACK.LOG_a.worker.2.30.41.1700000000123456789.5'
  expect(parseAckSubject(old)).toEqual({ ...facts, timestampMs: 1_700_000_000_123 })
  const young = '$JS.ACK.hub.ACCOUNTHASH.LOG_a.worker.2.30.41.1700000000123456789.5.token'
  expect(parseAckSubject(young)).toEqual({ ...facts, timestampMs: 1_700_000_000_123 })
  for (const wrong of ['$JS.ACK.LOG_a.worker.2.30.41.17', '$JS.FOO.a.b.1.2.3.4.5', 'orders', '']) {
    expect(() => parseAckSubject(wrong)).toThrow(/not a delivery/)
  }
})

test('what was settled lately is known, at least as much as was asked for', () => {
  const recent = new RecentSet(10)
  for (let n = 0; n < 100; n += 1) {
    recent.add(n)
    for (let old = Math.max(0, n - 9); old <= n; old += 1) expect(recent.has(old)).toBe(true)
    expect(recent.has(n - 20)).toBe(false)
  }
})
