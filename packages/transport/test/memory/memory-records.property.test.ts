import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRecord } from '../../src/log/log-records.ts'
import { MemoryRecords } from '../../src/memory/memory-records.ts'
import { NO_HEADERS } from '../../src/message/headers.ts'

type Step =
  | { readonly kind: 'add'; readonly subject: string; readonly skip: number }
  | { readonly kind: 'removeFirst' | 'removeLast' }
  | { readonly kind: 'removeAt'; readonly which: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      subject: fc.constantFrom('a', 'b', 'c'),
      skip: fc.constantFrom(1, 1, 1, 2),
    }),
  },
  fc.record({ kind: fc.constantFrom('removeFirst' as const, 'removeLast' as const) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('removeAt' as const), which: fc.nat() }) },
)

function record(sequence: number, subject: string): LogRecord {
  const payload = new Uint8Array(0)
  return { sequence, subject, payload, headers: NO_HEADERS, timestampMs: sequence, bytes: sequence }
}

function compare(records: MemoryRecords, model: readonly LogRecord[], last: number): void {
  expect(records.lastSequence).toBe(last)
  expect(records.messages).toBe(model.length)
  expect(records.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0))
  for (let sequence = 0; sequence <= last + 1; sequence += 1) {
    expect(records.get(sequence)).toBe(model.find((one) => one.sequence === sequence))
    expect(records.ceiling(sequence)).toBe(model.find((one) => one.sequence >= sequence))
  }
  expect([...records.subjects()].toSorted()).toEqual(
    [...new Set(model.map(({ subject }) => subject))].toSorted(),
  )
  for (const subject of ['a', 'b', 'c']) {
    const own = model.filter((one) => one.subject === subject)
    expect(records.sequencesOf(subject)).toEqual(own.map(({ sequence }) => sequence))
    expect(records.countOf(subject)).toBe(own.length)
    expect(records.firstOf(subject)).toBe(own[0])
    expect(records.lastOf(subject)).toBe(own.at(-1))
  }
}

function chosen(model: readonly LogRecord[], one: Step): LogRecord | undefined {
  if (one.kind === 'removeFirst') return model[0]
  if (one.kind === 'removeLast') return model.at(-1)
  return one.kind === 'removeAt' ? model[one.which % model.length] : undefined
}

test('records behave as a sorted list, through holes and compaction', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250 }), (steps) => {
      const records = new MemoryRecords()
      const model: LogRecord[] = []
      let last = 0
      for (const one of steps) {
        if (one.kind === 'add') {
          last += one.skip
          const added = record(last, one.subject)
          records.add(added)
          model.push(added)
        } else {
          const victim = chosen(model, one)
          if (victim === undefined) continue
          model.splice(model.indexOf(victim), 1)
          expect(records.remove(victim.sequence)).toBe(victim)
          expect(records.remove(victim.sequence)).toBeUndefined()
        }
      }
      compare(records, model, last)
    }),
    { numRuns: 60 },
  )
})

test('a log of few live keys and many updates stays small', () => {
  const records = new MemoryRecords()
  records.add(record(1, 'a'))
  let previous = 0
  for (let sequence = 2; sequence <= 200_000; sequence += 1) {
    records.add(record(sequence, 'b'))
    if (previous > 0) records.remove(previous)
    previous = sequence
  }
  expect(records.messages).toBe(2)
  expect(records.slots).toBeLessThanOrEqual(64)
  expect(records.ceiling(2)?.sequence).toBe(200_000)
  expect(records.get(1)?.subject).toBe('a')
})
