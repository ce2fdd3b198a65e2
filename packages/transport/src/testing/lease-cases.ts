import assert from 'node:assert/strict'
import type { Lease, LeaseOptions } from '../lease/lease.ts'
import type { Transport } from '../transport.ts'
import { bytes, range, rejects, rejectsAs } from './checks.ts'
import { isSettled, soon } from './reader.ts'
import type { Cases, World } from './world.ts'

function ttlOf(world: World): number {
  return world.environment.leaseTtlMs ?? 300
}

function ask(
  world: World,
  options: Partial<LeaseOptions> = {},
  transport: Transport = world.transport,
): Promise<Lease | undefined> {
  return transport.lease(world.name('leases'), 'job', {
    owner: 'a',
    ttlMs: ttlOf(world),
    ...options,
  })
}

async function hold(world: World, options: Partial<LeaseOptions> = {}): Promise<Lease> {
  const lease = await ask(world, options)
  assert.ok(lease, 'the lease is free')
  return lease
}

/** Leases, and fencing by their epochs. */
export const leaseCases: Cases = {
  'a free key gives a lease': async (world) => {
    const lease = await hold(world)
    assert.equal(lease.owner, 'a')
    assert.equal(lease.held, true)
    assert.ok(Number.isSafeInteger(lease.epoch) && lease.epoch > 0)
  },
  'a key that is held gives none': async (world) => {
    const other = await world.connect()
    await hold(world)
    assert.equal(await ask(world, { owner: 'b' }, other), undefined)
    assert.equal(await ask(world, { owner: 'a' }), undefined)
  },
  'keys are leased one by one': async (world) => {
    await hold(world)
    const options = { owner: 'b', ttlMs: ttlOf(world) }
    assert.ok(await world.transport.lease(world.name('leases'), 'other', options))
  },
  'of many askers exactly one gets it': async (world) => {
    const other = await world.connect()
    const leases = await Promise.all(
      range(1, 20).map((n) => ask(world, { owner: `o${n}` }, n % 2 ? other : world.transport)),
    )
    assert.equal(leases.filter((lease) => lease !== undefined).length, 1)
  },
  'a released lease is free at once, with a greater epoch': async (world) => {
    const other = await world.connect()
    const first = await hold(world)
    await first.release()
    assert.equal(first.held, false)
    const second = await ask(world, { owner: 'b' }, other)
    assert.ok(second && second.epoch > first.epoch)
  },
  'epochs grow from holder to holder': async (world) => {
    const epochs: number[] = []
    for (const n of range(1, 6)) {
      const lease = await hold(world, { owner: `o${n}` })
      epochs.push(lease.epoch)
      if (n % 2) await lease.renew()
      await lease.release()
    }
    assert.deepEqual(
      epochs,
      [...new Set(epochs)].toSorted((a, b) => a - b),
    )
  },
  'a renewed lease keeps its epoch and keeps others out': async (world) => {
    const other = await world.connect()
    const lease = await hold(world)
    const { epoch } = lease
    for (const _ of range(1, 5)) {
      await world.elapse(ttlOf(world) / 2)
      await lease.renew()
      assert.equal(await ask(world, { owner: 'b' }, other), undefined)
    }
    assert.equal(lease.epoch, epoch)
    assert.equal(lease.held, true)
  },
  'a lease that is not renewed is lost, and its holder told once': async (world) => {
    const told: Error[] = []
    const lease = await hold(world, { onLost: (reason) => told.push(reason) })
    await world.elapse(ttlOf(world) * 2)
    assert.equal(lease.held, false)
    await world.until(() => told.length > 0, 'the holder was told')
    await rejects(lease.renew(), 'LEASE_LOST')
    assert.equal(told.length, 1)
    assert.equal((told[0] as { readonly code?: string }).code, 'LEASE_LOST')
  },
  'a lease is taken over once its record stood still for its ttl': async (world) => {
    const other = await world.connect()
    const first = await hold(world)
    assert.equal(await ask(world, { owner: 'b' }, other), undefined)
    await world.elapse(ttlOf(world) / 2)
    assert.equal(await ask(world, { owner: 'b' }, other), undefined)
    await world.elapse(ttlOf(world))
    const second = await ask(world, { owner: 'b' }, other)
    assert.ok(second && second.epoch > first.epoch)
    await rejects(first.renew(), 'LEASE_LOST')
    assert.equal(first.held, false)
    assert.equal(second.held, true)
  },
  'an observer that comes late watches for a whole ttl first': async (world) => {
    const other = await world.connect()
    await hold(world)
    await world.elapse(ttlOf(world) * 2)
    assert.equal(await ask(world, { owner: 'b' }, other), undefined)
    await world.elapse(ttlOf(world) + 50)
    assert.ok(await ask(world, { owner: 'b' }, other))
  },
  'what was seen of a lease before counts as long as its record is the same': async (world) => {
    const other = await world.connect()
    const first = await hold(world)
    const seen = { revision: first.epoch, forMs: 0 }
    await world.elapse(ttlOf(world) / 2)
    await first.renew()
    const old = { ...seen, forMs: ttlOf(world) * 10 }
    assert.equal(await ask(world, { owner: 'b', seen: old }, other), undefined)
    const { revision } = (await (await other.kv(world.name('leases'))).get('job')) ?? old
    await world.elapse(ttlOf(world) * 2)
    const late = await world.connect()
    const short = { revision, forMs: ttlOf(world) / 8 }
    assert.equal(await ask(world, { owner: 'c', seen: short }, late), undefined)
    const long = { revision, forMs: ttlOf(world) }
    const second = await ask(world, { owner: 'd', seen: long }, late)
    assert.ok(second && second.epoch > first.epoch)
  },
  'the ttl that counts is that of the holder': async (world) => {
    const other = await world.connect()
    await hold(world, { ttlMs: 1_000 })
    const impatient = { owner: 'b', ttlMs: 100 }
    assert.equal(await ask(world, impatient, other), undefined)
    await world.elapse(400)
    assert.equal(await ask(world, impatient, other), undefined)
  },
  'an asker can wait for a release': async (world) => {
    const other = await world.connect()
    const first = await hold(world, { ttlMs: 60_000 })
    const waiting = ask(world, { owner: 'b', waitMs: 60_000 }, other)
    assert.equal(await isSettled(waiting, () => world.elapse(60)), false)
    await first.release()
    const second = await soon(waiting, 'the lease')
    assert.ok(second && second.epoch > first.epoch)
  },
  'an asker can wait for the end of the ttl': async (world) => {
    const other = await world.connect()
    const first = await hold(world)
    const waiting = ask(world, { owner: 'b', waitMs: 5_000 }, other)
    await world.elapse(ttlOf(world) * 2)
    const second = await soon(waiting, 'the lease')
    assert.ok(second && second.epoch > first.epoch)
  },
  'an asker stops waiting after its time': async (world) => {
    const other = await world.connect()
    await hold(world, { ttlMs: 60_000 })
    const waiting = ask(world, { owner: 'b', waitMs: 150 }, other)
    assert.equal(await isSettled(waiting, () => world.elapse(60)), false)
    await world.elapse(200)
    assert.equal(await soon(waiting, 'the end of the wait'), undefined)
  },
  'an asker can give up waiting': async (world) => {
    const other = await world.connect()
    await hold(world, { ttlMs: 60_000 })
    const controller = new AbortController()
    const { signal } = controller
    const waiting = rejects(ask(world, { owner: 'b', waitMs: 60_000, signal }, other), 'ABORTED')
    await world.elapse(30)
    controller.abort()
    await waiting
  },
  'of several waiting askers one gets it': async (world) => {
    const other = await world.connect()
    const first = await hold(world, { ttlMs: 60_000 })
    const waiting = range(1, 4).map((n) => ask(world, { owner: `o${n}`, waitMs: 200 }, other))
    await world.elapse(50)
    await first.release()
    await world.elapse(300)
    const leases = await soon(Promise.all(waiting), 'the end of the wait')
    assert.equal(leases.filter((lease) => lease !== undefined).length, 1)
  },
  'a lease can renew itself': async (world) => {
    const other = await world.connect()
    const lost: Error[] = []
    const lease = await hold(world, { autoRenew: true, onLost: (reason) => lost.push(reason) })
    for (const _ of range(1, 6)) {
      await world.elapse(ttlOf(world) / 2)
      assert.equal(await ask(world, { owner: 'b' }, other), undefined)
    }
    assert.equal(lease.held, true)
    assert.deepEqual(lost, [])
    await lease.release()
    assert.ok(await ask(world, { owner: 'b' }, other))
  },
  'releasing twice is releasing once': async (world) => {
    const other = await world.connect()
    const lost: Error[] = []
    const first = await hold(world, { onLost: (reason) => lost.push(reason) })
    await Promise.all([first.release(), first.release()])
    const second = await ask(world, { owner: 'b' }, other)
    await first.release()
    assert.equal(second?.held, true)
    await rejects(first.renew(), 'LEASE_LOST')
    assert.equal(await ask(world, { owner: 'c' }), undefined)
    assert.deepEqual(lost, [])
  },
  'a former holder that releases late does not harm the new one': async (world) => {
    const other = await world.connect()
    const first = await hold(world)
    await ask(world, { owner: 'b' }, other)
    await world.elapse(ttlOf(world) + 50)
    const second = await ask(world, { owner: 'b', ttlMs: 60_000 }, other)
    await first.release()
    await second?.renew()
    assert.equal(second?.held, true)
    assert.equal(await ask(world, { owner: 'c' }), undefined)
  },
  'closing gives up the leases': async (world) => {
    const other = await world.connect()
    const lease = await hold(world, { ttlMs: 60_000, autoRenew: true })
    await world.transport.close()
    assert.equal(lease.held, false)
    assert.ok(await ask(world, { owner: 'b' }, other))
  },
  'a key that holds something else is not overwritten': async (world) => {
    const kv = await world.transport.kv(world.name('leases'))
    const revision = await kv.put('job', bytes('not a lease'))
    await rejects(ask(world), 'KV_EXISTS')
    assert.equal((await kv.get('job'))?.revision, revision)
  },
  'options that make no sense are refused by name': async (world) => {
    await rejectsAs(ask(world, { ttlMs: 10 }), RangeError)
    await rejectsAs(ask(world, { ttlMs: Number.NaN }), RangeError)
    await rejectsAs(ask(world, { waitMs: -1 }), RangeError)
    await rejectsAs(ask(world, { seen: { revision: 1, forMs: -1 } }), RangeError)
    await rejectsAs(ask(world, { owner: '' }), TypeError)
    const options = { owner: 'a', ttlMs: ttlOf(world) }
    await rejects(world.transport.lease(world.name('leases'), 'a b', options), 'KEY_INVALID')
  },
}
