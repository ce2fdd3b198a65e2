import { VirtualClock } from '@ashlar/codec'
import { isTransportError } from '@ashlar/transport'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogCore } from '../../src/log/log-core.ts'
import { resolveLogOptions } from '../../src/log/log-options.ts'
import { MemoryRecords } from '../../src/memory/memory-records.ts'
import { NO_HEADERS } from '../../src/message/headers.ts'

interface Kept {
  readonly sequence: number
  readonly subject: string
  readonly at: number
}

type Step =
  | {
      readonly kind: 'append'
      readonly subject: string
      readonly id: string | undefined
      readonly expected: number | undefined
    }
  | { readonly kind: 'elapse'; readonly ms: number }
  | { readonly kind: 'purge'; readonly subject: string | undefined; readonly before: number }

const subject = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      subject,
      id: fc.constantFrom(undefined, undefined, 'm1', 'm2', 'm3'),
      expected: fc.constantFrom(undefined, undefined, undefined, 0, 1, 3),
    }),
  },
  fc.record({ kind: fc.constant('elapse' as const), ms: fc.nat({ max: 300 }) }),
  fc.record({
    kind: fc.constant('purge' as const),
    subject: fc.option(subject, { nil: undefined }),
    before: fc.nat({ max: 30 }),
  }),
)
const limits = fc.record({
  maxMessages: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  maxMessagesPerSubject: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  maxAgeMs: fc.option(fc.integer({ min: 100, max: 1000 }), { nil: undefined }),
  discard: fc.constantFrom('old' as const, 'new' as const),
})
type Limits = typeof limits extends fc.Arbitrary<infer T> ? T : never

const DEDUP_MS = 100

/** The rules of a log, written the slow way. */
class Model {
  kept: Kept[] = []
  last = 0
  readonly #limits: Limits
  readonly #ids = new Map<string, { readonly sequence: number; readonly at: number }>()

  constructor(given: Limits) {
    this.#limits = given
  }

  expire(now: number): void {
    const { maxAgeMs } = this.#limits
    if (maxAgeMs !== undefined) this.kept = this.kept.filter(({ at }) => now - at < maxAgeMs)
  }

  append(one: Step & { readonly kind: 'append' }, now: number): string {
    this.expire(now)
    const known = one.id === undefined ? undefined : this.#ids.get(one.id)
    if (known !== undefined && now - known.at < DEDUP_MS) return `duplicate ${known.sequence}`
    const own = this.kept.filter((kept) => kept.subject === one.subject)
    if (one.expected !== undefined && one.expected !== (own.at(-1)?.sequence ?? 0)) {
      return 'LOG_CONFLICT'
    }
    const { maxMessages = Infinity, maxMessagesPerSubject = Infinity, discard } = this.#limits
    const replaced = own.length >= maxMessagesPerSubject ? own[0] : undefined
    const left = this.kept.filter((kept) => kept !== replaced)
    if (discard === 'new' && left.length + 1 > maxMessages) return 'LOG_FULL'
    this.last += 1
    this.kept = [...left, { sequence: this.last, subject: one.subject, at: now }]
    if (maxMessages !== Infinity) this.kept = this.kept.slice(-maxMessages)
    if (one.id !== undefined) this.#ids.set(one.id, { sequence: this.last, at: now })
    return `added ${this.last}`
  }
}

function append(log: LogCore, one: Step & { readonly kind: 'append' }): string {
  try {
    const { sequence, duplicate } = log.append({
      subject: one.subject,
      payload: new Uint8Array(0),
      headers: NO_HEADERS,
      messageId: one.id,
      expectedLastSubjectSequence: one.expected,
    })
    return `${duplicate ? 'duplicate' : 'added'} ${sequence}`
  } catch (error) {
    if (isTransportError(error)) return error.code
    throw error
  }
}

function contents(log: LogCore): number[] {
  log.expire()
  const sequences: number[] = []
  for (
    let record = log.next(0, undefined);
    record;
    record = log.next(record.sequence + 1, undefined)
  ) {
    sequences.push(record.sequence)
  }
  return sequences
}

test('any history of appends, purges and time leaves what the naive rules leave', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), limits, async (steps, given) => {
      const clock = new VirtualClock()
      const options = resolveLogOptions({ subjects: ['*'], dedupWindowMs: DEDUP_MS, ...given })
      const log = new LogCore('l', options, { records: new MemoryRecords() }, clock)
      const model = new Model(given)
      for (const one of steps) {
        if (one.kind === 'append') {
          expect(append(log, one)).toBe(model.append(one, clock.now()))
        } else if (one.kind === 'elapse') {
          await clock.advance(one.ms)
        } else {
          model.expire(clock.now())
          const stays = (kept: Kept): boolean =>
            kept.sequence >= one.before || (one.subject ?? kept.subject) !== kept.subject
          const removed = model.kept.filter((kept) => !stays(kept)).length
          model.kept = model.kept.filter(stays)
          expect(log.purge({ subject: one.subject, beforeSequence: one.before })).toBe(removed)
        }
      }
      model.expire(clock.now())
      expect(contents(log)).toEqual(model.kept.map(({ sequence }) => sequence))
      expect(log.info().lastSequence).toBe(model.last)
    }),
    { numRuns: 150 },
  )
})
