import { VirtualClock } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConsumerCore, type ConsumerMember } from '../../src/log/consumer-core.ts'
import { LogCore } from '../../src/log/log-core.ts'
import { resolveConsumeOptions, resolveLogOptions } from '../../src/log/log-options.ts'
import type { LogRecord } from '../../src/log/log-records.ts'
import { MemoryRecords } from '../../src/memory/memory-records.ts'
import { NO_HEADERS } from '../../src/message/headers.ts'

interface Given {
  readonly sequence: number
  readonly deliveries: number
}

/** Takes whatever is offered and remembers it. */
class Hungry implements ConsumerMember {
  reachable = true
  wanted = 0
  readonly given: Given[] = []
  readonly exhausted: number[] = []

  offer(record: LogRecord, deliveries: number): void {
    this.wanted -= 1
    this.given.push({ sequence: record.sequence, deliveries })
  }

  onExhausted({ sequence }: { readonly sequence: number }): void {
    this.exhausted.push(sequence)
  }

  onFailed(): void {}

  onDestroyed(): void {}
}

type Step =
  | { readonly kind: 'append' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'ask'; readonly member: number }
  | { readonly kind: 'settle' | 'nak' | 'delay' | 'progress'; readonly which: number }
  | { readonly kind: 'elapse'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('append' as const) }) },
  fc.record({ kind: fc.constant('cut' as const) }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), member: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'settle' as const,
        'nak' as const,
        'delay' as const,
        'progress' as const,
      ),
      which: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('elapse' as const), ms: fc.nat(150) }) },
)

const ACK_WAIT_MS = 100
const MAX_IN_FLIGHT = 3

/** A consumer with two members, and every settlement that was made. */
class Rig {
  readonly clock: VirtualClock = new VirtualClock()
  readonly log: LogCore = new LogCore(
    'l',
    resolveLogOptions({ subjects: ['*'] }),
    { records: new MemoryRecords() },
    this.clock,
  )
  readonly core: ConsumerCore
  readonly members: readonly Hungry[] = [new Hungry(), new Hungry()]
  readonly settled: Set<number> = new Set()

  constructor(maxDeliveries: number | undefined) {
    const options = { ackWaitMs: ACK_WAIT_MS, maxInFlight: MAX_IN_FLIGHT, maxDeliveries }
    this.core = new ConsumerCore(this.log, resolveConsumeOptions(options))
    for (const member of this.members) this.core.join(member)
  }

  get given(): Given[] {
    return this.members.flatMap(({ given }) => given)
  }

  append(): void {
    this.log.append({ subject: 'a', payload: new Uint8Array(0), headers: NO_HEADERS })
  }

  async apply(one: Step): Promise<void> {
    const { core, members } = this
    if (one.kind === 'append') this.append()
    else if (one.kind === 'elapse') await this.clock.advance(one.ms)
    else if (one.kind === 'cut') {
      for (const member of members.slice(1)) member.reachable = !member.reachable
      core.dispatch()
    } else if (one.kind === 'ask') {
      const member = members[one.member]
      if (member) member.wanted += 1
      core.dispatch()
    } else {
      const delivery = this.given[one.which % this.given.length]
      if (delivery === undefined) return
      const { sequence, deliveries } = delivery
      if (one.kind === 'settle' && core.settle(sequence)) this.settled.add(sequence)
      if (one.kind === 'nak') core.postpone(sequence, deliveries, 0)
      if (one.kind === 'delay') core.postpone(sequence, deliveries, 50)
      if (one.kind === 'progress') core.extend(sequence, deliveries)
    }
  }

  /** Asks for and settles everything that is left. */
  async finish(): Promise<void> {
    for (const member of this.members) {
      member.reachable = true
      member.wanted = 1_000
    }
    const { lastSequence } = this.log.records
    for (let round = 0; round < lastSequence * 2 + 4; round += 1) {
      this.core.dispatch()
      for (const { sequence } of this.given) {
        if (this.core.settle(sequence)) this.settled.add(sequence)
      }
      await this.clock.advance(ACK_WAIT_MS)
    }
  }
}

function checkCounts(rig: Rig, maxDeliveries: number): void {
  const counts = new Map<number, number[]>()
  for (const { sequence, deliveries } of rig.given) {
    counts.set(sequence, [...(counts.get(sequence) ?? []), deliveries])
  }
  for (const deliveries of counts.values()) {
    const sorted = deliveries.toSorted((a, b) => a - b)
    expect(sorted).toEqual(sorted.map((_, index) => index + 1))
    expect(sorted.length).toBeLessThanOrEqual(maxDeliveries)
  }
}

test('whatever happens, each message is delivered, counted and settled or given up once', async () => {
  const maxDeliveries = fc.constantFrom(undefined, 1, 3)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), maxDeliveries, async (steps, most) => {
      const rig = new Rig(most)
      for (const one of steps) {
        await rig.apply(one)
        expect(rig.core.info().inFlight).toBeLessThanOrEqual(MAX_IN_FLIGHT)
      }
      await rig.finish()
      checkCounts(rig, most ?? Infinity)
      const { lastSequence } = rig.log.records
      const exhausted = new Set(rig.members.flatMap((member) => member.exhausted))
      for (let sequence = 1; sequence <= lastSequence; sequence += 1) {
        expect(Number(rig.settled.has(sequence)) + Number(exhausted.has(sequence))).toBe(1)
      }
      expect(rig.core.info()).toEqual({ ackFloor: lastSequence, pending: 0, inFlight: 0 })
    }),
    { numRuns: 120 },
  )
})

test('a nak or progress of a delivery that was overtaken changes nothing', async () => {
  const rig = new Rig(undefined)
  const [member] = rig.members
  if (member === undefined) throw new Error('no member')
  rig.append()
  member.wanted = 5
  rig.core.dispatch()
  await rig.clock.advance(ACK_WAIT_MS)
  rig.core.postpone(1, 1, 0)
  rig.core.postpone(1, 1, 5)
  await rig.clock.advance(ACK_WAIT_MS - 1)
  rig.core.extend(1, 1)
  expect(member.given.map(({ deliveries }) => deliveries)).toEqual([1, 2])
  await rig.clock.advance(1)
  expect(member.given.map(({ deliveries }) => deliveries)).toEqual([1, 2, 3])
})

test('no timer is left when everything is settled', async () => {
  const rig = new Rig(undefined)
  const [member] = rig.members
  if (member === undefined) throw new Error('no member')
  for (let n = 0; n < 1_000; n += 1) {
    rig.append()
    member.wanted = 1
    rig.core.dispatch()
    rig.core.settle(rig.log.records.lastSequence)
  }
  expect(rig.clock.pendingTimers).toBe(1)
  await rig.clock.advance(ACK_WAIT_MS)
  expect(rig.clock.pendingTimers).toBe(0)
})
