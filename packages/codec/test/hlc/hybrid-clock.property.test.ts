// Nodes with clocks that drift, step and are restarted at any moment exchange timestamps.
import { type HlcTimestamp, HybridClock, isCodecError, VirtualClock } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const NODES = ['a', 'b', 'c']
const MAX_DRIFT_MS = 10_000

const node = fc.nat({ max: NODES.length - 1 })
const event = fc.oneof(
  fc.record({ kind: fc.constant('issue' as const), node }),
  fc.record({ kind: fc.constant('send' as const), node, to: node }),
  fc.record({ kind: fc.constant('crash' as const), node }),
  fc.record({ kind: fc.constant('close' as const), node }),
  fc.record({
    kind: fc.constant('step' as const),
    node,
    ms: fc.integer({ min: -20_000, max: 20_000 }),
  }),
  fc.record({ kind: fc.constant('pass' as const), node, ms: fc.nat({ max: 5000 }) }),
)

class Node {
  readonly clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  readonly name: string
  stored = 0n
  last?: HlcTimestamp
  hlc: HybridClock

  constructor(name: string) {
    this.name = name
    this.hlc = this.start()
  }

  start(): HybridClock {
    return HybridClock.create({
      node: this.name,
      clock: this.clock,
      maxDriftMs: MAX_DRIFT_MS,
      ceiling: this.stored,
      persistCeiling: (ceiling) => {
        this.stored = ceiling
      },
    })
  }

  check(stamp: HlcTimestamp): HlcTimestamp {
    if (this.last !== undefined) expect(HybridClock.compare(stamp, this.last)).toBeGreaterThan(0)
    expect(stamp.time <= this.stored).toBe(true)
    this.last = stamp
    return stamp
  }
}

test('each node increases across steps and restarts, and an effect is above its cause', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 100 }), async (events) => {
      const nodes = NODES.map((name) => new Node(name))
      for (const it of events) {
        const own = nodes[it.node] as Node
        if (it.kind === 'issue') own.check(own.hlc.now())
        else if (it.kind === 'crash') own.hlc = own.start()
        else if (it.kind === 'step') own.clock.step(it.ms)
        else if (it.kind === 'pass') await own.clock.advance(it.ms)
        else if (it.kind === 'close') {
          await own.hlc.close()
          own.hlc = own.start()
        } else deliver(own.check(own.hlc.now()), nodes[it.to] as Node)
      }
    }),
    { numRuns: 200 },
  )
})

function deliver(stamp: HlcTimestamp, to: Node): void {
  const aheadMs = HybridClock.toMilliseconds(stamp) - to.clock.now()
  try {
    const received = to.check(to.hlc.receive(stamp))
    expect(received.time > stamp.time).toBe(true)
  } catch (error) {
    if (!isCodecError(error, 'CLOCK_DRIFT')) throw error
    expect(aheadMs).toBeGreaterThan(MAX_DRIFT_MS)
  }
}
