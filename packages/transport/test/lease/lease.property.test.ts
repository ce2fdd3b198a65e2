import { type Clock, type Timer, VirtualClock } from '@ashlar/codec'
import {
  createMemoryHub,
  type Lease,
  type LeaseSighting,
  type MemoryTransport,
  memory,
} from '@ashlar/transport'
import fc from 'fast-check'
import { expect, test } from 'vitest'

/** A clock that runs faster or slower than the true one. */
function skewed(clock: VirtualClock, rate: number): Clock {
  return {
    now: () => clock.now() * rate,
    monotonic: () => clock.monotonic() * rate,
    setTimer: (callback, delayMs): Timer => clock.setTimer(callback, delayMs / rate),
  }
}

interface Contender {
  readonly transport: MemoryTransport
  readonly leases: Lease[]
  /** Of whoever has the lease, by a watch. */
  readonly seen: () => LeaseSighting | undefined
}

async function contend(transport: MemoryTransport, clock: Clock): Promise<Contender> {
  const kv = await transport.kv('b')
  let last: { readonly revision: number; readonly at: number } | undefined
  const watching = (async () => {
    for await (const { revision } of kv.watch({ history: true })) {
      last = { revision, at: clock.monotonic() }
    }
  })()
  watching.catch(() => undefined) // it was closed
  const seen = (): LeaseSighting | undefined =>
    last === undefined ? undefined : { revision: last.revision, forMs: clock.monotonic() - last.at }
  return { transport, leases: [], seen }
}

type Step =
  | {
      readonly kind: 'ask' | 'ask as a watcher' | 'renew' | 'release' | 'cut' | 'heal'
      readonly who: number
    }
  | { readonly kind: 'elapse'; readonly ms: number }

const who = fc.nat({ max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'ask' as const,
        'ask as a watcher' as const,
        'renew' as const,
        'renew' as const,
        'release' as const,
        'cut' as const,
        'heal' as const,
      ),
      who,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('elapse' as const), ms: fc.nat({ max: 400 }) }),
  },
)

async function apply(contender: Contender, kind: Step['kind']): Promise<void> {
  const { transport, leases, seen } = contender
  const current = leases.at(-1)
  if (kind === 'cut') transport.disconnect()
  else if (kind === 'heal') transport.reconnect()
  else if (kind === 'renew') await current?.renew().catch(() => undefined)
  else if (kind === 'release') await current?.release().catch(() => undefined)
  else {
    const known = kind === 'ask as a watcher' ? seen() : undefined
    const asked = transport.lease('b', 'job', { owner: 'same', ttlMs: 300, seen: known })
    const lease = await asked.catch(() => undefined)
    if (lease !== undefined) leases.push(lease)
  }
}

test('clocks that differ by a tenth never give two holders at a time, and epochs only grow', async () => {
  const rates = fc.tuple(...[1, 2, 3].map(() => fc.double({ min: 0.955, max: 1.045, noNaN: true })))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), rates, async (steps, speeds) => {
      const clock = new VirtualClock()
      const hub = createMemoryHub({ clock })
      const contenders = await Promise.all(
        speeds.map((rate) => {
          const own = skewed(clock, rate)
          return contend(memory({ hub, clock: own }), own)
        }),
      )
      const acquired: number[] = []
      for (const one of steps) {
        if (one.kind === 'elapse') await clock.advance(one.ms)
        else {
          const contender = contenders[one.who]
          const before = contender?.leases.length
          if (contender) await apply(contender, one.kind)
          if (contender?.leases.length !== before)
            acquired.push(contender?.leases.at(-1)?.epoch ?? 0)
        }
        const holding = contenders.flatMap(({ leases }) => leases).filter(({ held }) => held)
        expect(holding.length).toBeLessThanOrEqual(1)
        if (holding[0]) expect(holding[0].epoch).toBe(Math.max(...acquired))
      }
      expect(acquired).toEqual([...new Set(acquired)].toSorted((a, b) => a - b))
      await Promise.all(contenders.map(({ transport }) => transport.close()))
    }),
    { numRuns: 150 },
  )
})

test('a renewal whose answer was lost does not cost the lease', async () => {
  const clock = new VirtualClock()
  await using transport = memory({ clock })
  const lease = await transport.lease('b', 'job', { owner: 'a', ttlMs: 1_000 })
  const kv = await transport.kv('b')
  const entry = await kv.get('job')
  if (lease === undefined || entry === undefined) throw new Error('no lease')
  await kv.update('job', entry.value, entry.revision)
  await lease.renew()
  expect(lease.held).toBe(true)
})

test('the wall clock may step without any effect on leases', async () => {
  const clock = new VirtualClock({ startMs: 1e12 })
  const hub = createMemoryHub()
  await using a = memory({ hub, clock })
  await using b = memory({ hub, clock })
  const lease = await a.lease('b', 'job', { owner: 'a', ttlMs: 1_000 })
  expect(await b.lease('b', 'job', { owner: 'b', ttlMs: 1_000 })).toBeUndefined()
  clock.step(3_600_000)
  expect(lease?.held).toBe(true)
  expect(await b.lease('b', 'job', { owner: 'b', ttlMs: 1_000 })).toBeUndefined()
  clock.step(-7_200_000)
  await clock.advance(1_000)
  expect(lease?.held).toBe(false)
  expect(await b.lease('b', 'job', { owner: 'b', ttlMs: 1_000 })).toBeDefined()
})
