import assert from 'node:assert/strict'
import type { KeyValue, KvEntry } from '../kv/key-value.ts'
import { bytes, plain, range, rejects, rejectsAs } from './checks.ts'
import type { Cases, World } from './world.ts'

function value(entry: KvEntry | undefined): string | undefined {
  return entry === undefined ? undefined : new TextDecoder().decode(entry.value)
}

async function keysOf(world: World, kv: KeyValue, filter?: string): Promise<string[]> {
  return (await world.read(kv.keys(filter)).all()).toSorted()
}

async function historyOf(world: World, kv: KeyValue, key: string): Promise<string[]> {
  const entries = await world.read(kv.history(key)).all()
  return entries.map((entry) => `${entry.operation} ${value(entry)}`)
}

/** Buckets: reading, writing, comparing, removing. */
export const keyValueCases: Cases = {
  'a key that was never written is undefined': async (world) => {
    assert.equal(await (await world.kv()).get('k'), undefined)
  },
  'a bucket is only opened where it is not to be created': async (world) => {
    await rejects(world.kv({ create: false }), 'KV_MISSING')
    const kv = await world.kv({ history: 5 })
    await kv.put('k', bytes('v'))
    assert.equal(value(await (await world.kv({ create: false })).get('k')), 'v')
    await kv.destroy()
    await rejects(world.kv({ create: false }), 'KV_MISSING')
  },
  'a value comes back with its revision': async (world) => {
    const kv = await world.kv()
    const revision = await kv.put('a.b', bytes('v'))
    const entry = await kv.get('a.b')
    assert.equal(entry?.key, 'a.b')
    assert.equal(value(entry), 'v')
    assert.equal(entry?.revision, revision)
    assert.equal(entry?.operation, 'put')
    assert.equal(typeof entry?.timestampMs, 'number')
    assert.equal(kv.bucket, world.name('kv'))
  },
  'every byte value and the empty value come back unchanged': async (world) => {
    const kv = await world.kv()
    await kv.put('all', Uint8Array.from(range(0, 255)))
    await kv.put('none', new Uint8Array(0))
    assert.deepEqual(plain((await kv.get('all'))?.value ?? new Uint8Array()), range(0, 255))
    assert.equal((await kv.get('none'))?.value.byteLength, 0)
  },
  'revisions grow over the whole bucket': async (world) => {
    const kv = await world.kv()
    assert.equal(await kv.put('a', bytes('')), 1)
    assert.equal(await kv.put('b', bytes('')), 2)
    assert.equal(await kv.put('a', bytes('')), 3)
  },
  'a later put replaces the value': async (world) => {
    const kv = await world.kv()
    await kv.put('k', bytes('1'))
    await kv.put('k', bytes('2'))
    assert.equal(value(await kv.get('k')), '2')
  },
  'another connection reads what was written': async (world) => {
    const other = await world.connect()
    const kv = await world.kv()
    const view = await world.kv(undefined, other)
    await kv.put('k', bytes('v'))
    assert.equal(value(await view.get('k')), 'v')
  },
  'create writes only what is not there': async (world) => {
    const kv = await world.kv()
    const revision = await kv.create('k', bytes('1'))
    const error = await rejects(kv.create('k', bytes('2')), 'KV_EXISTS')
    assert.equal(error.actual, revision)
    assert.equal(value(await kv.get('k')), '1')
  },
  'create writes again after a delete': async (world) => {
    const kv = await world.kv()
    await kv.create('k', bytes('1'))
    await kv.delete('k')
    const revision = await kv.create('k', bytes('2'))
    assert.equal(revision, 3)
    assert.equal(value(await kv.get('k')), '2')
  },
  'of concurrent creates exactly one wins': async (world) => {
    const other = await world.connect()
    const kv = await world.kv()
    const view = await world.kv(undefined, other)
    const outcomes = await Promise.allSettled(
      range(0, 19).map((n) => (n % 2 ? kv : view).create('k', bytes(String(n)))),
    )
    const won = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []))
    assert.equal(won.length, 1)
    assert.equal(value(await kv.get('k')), String(won[0]))
  },
  'update writes only over the revision it names': async (world) => {
    const kv = await world.kv()
    const first = await kv.put('k', bytes('1'))
    const second = await kv.update('k', bytes('2'), first)
    const error = await rejects(kv.update('k', bytes('3'), first), 'KV_CONFLICT')
    assert.equal(error.actual, second)
    assert.equal(value(await kv.get('k')), '2')
  },
  'update does not mind writes to other keys': async (world) => {
    const kv = await world.kv()
    const revision = await kv.put('k', bytes('1'))
    await kv.put('other', bytes('x'))
    assert.equal(await kv.update('k', bytes('2'), revision), 3)
  },
  'update of a key that is not there conflicts': async (world) => {
    const kv = await world.kv()
    const error = await rejects(kv.update('k', bytes(''), 1), 'KV_CONFLICT')
    assert.equal(error.actual, 0)
  },
  'of concurrent updates of one revision exactly one wins': async (world) => {
    const kv = await world.kv()
    const revision = await kv.put('k', bytes('0'))
    const outcomes = await Promise.allSettled(
      range(1, 20).map((n) => kv.update('k', bytes(String(n)), revision)),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  },
  'a counter of compared updates loses no increment': async (world) => {
    const kv = await world.kv()
    await kv.create('n', bytes('0'))
    const increment = async (): Promise<void> => {
      for (;;) {
        const entry = await kv.get('n')
        const next = bytes(String(Number(value(entry)) + 1))
        const done = await kv.update('n', next, entry?.revision ?? 0).catch(() => undefined)
        if (done !== undefined) return
      }
    }
    await Promise.all(range(1, 10).map(increment))
    assert.equal(value(await kv.get('n')), '10')
  },
  'a deleted key is undefined': async (world) => {
    const kv = await world.kv()
    await kv.put('k', bytes('1'))
    await kv.delete('k')
    assert.equal(await kv.get('k'), undefined)
    await kv.put('k', bytes('2'))
    assert.equal(value(await kv.get('k')), '2')
  },
  'deleting what is not there is no error': async (world) => {
    const kv = await world.kv()
    await kv.delete('k')
    assert.equal(await kv.get('k'), undefined)
  },
  'delete can be tied to a revision': async (world) => {
    const kv = await world.kv()
    const first = await kv.put('k', bytes('1'))
    const second = await kv.put('k', bytes('2'))
    await rejects(kv.delete('k', { revision: first }), 'KV_CONFLICT')
    assert.equal(value(await kv.get('k')), '2')
    await kv.delete('k', { revision: second })
    assert.equal(await kv.get('k'), undefined)
  },
  'update after a delete takes the revision of the delete': async (world) => {
    const kv = await world.kv()
    const revision = await kv.put('k', bytes('1'))
    await kv.delete('k')
    const error = await rejects(kv.update('k', bytes('2'), revision), 'KV_CONFLICT')
    assert.equal(error.actual, revision + 1)
    await kv.update('k', bytes('2'), revision + 1)
    assert.equal(value(await kv.get('k')), '2')
  },
  'keys lists what is present': async (world) => {
    const kv = await world.kv()
    for (const key of ['a', 'b.1', 'b.2', 'gone']) await kv.put(key, bytes(''))
    await kv.put('a', bytes('again'))
    await kv.delete('gone')
    assert.deepEqual(await keysOf(world, kv), ['a', 'b.1', 'b.2'])
  },
  'keys can be filtered': async (world) => {
    const kv = await world.kv()
    for (const key of ['a.1', 'a.2', 'a.2.x', 'b.1']) await kv.put(key, bytes(''))
    assert.deepEqual(await keysOf(world, kv, 'a.*'), ['a.1', 'a.2'])
    assert.deepEqual(await keysOf(world, kv, 'a.>'), ['a.1', 'a.2', 'a.2.x'])
    assert.deepEqual(await keysOf(world, kv, 'b.1'), ['b.1'])
    assert.deepEqual(await keysOf(world, kv, 'c'), [])
  },
  'keys of an empty bucket are none': async (world) => {
    assert.deepEqual(await keysOf(world, await world.kv()), [])
  },
  'history keeps as many revisions as asked for': async (world) => {
    const kv = await world.kv({ history: 3 })
    for (const n of range(1, 4)) await kv.put('k', bytes(String(n)))
    await kv.put('other', bytes('x'))
    assert.deepEqual(await historyOf(world, kv, 'k'), ['put 2', 'put 3', 'put 4'])
    await kv.delete('k')
    assert.deepEqual(await historyOf(world, kv, 'k'), ['put 3', 'put 4', 'delete '])
    assert.deepEqual(await historyOf(world, kv, 'never'), [])
  },
  'a bucket without history keeps the last revision': async (world) => {
    const kv = await world.kv()
    for (const n of range(1, 3)) await kv.put('k', bytes(String(n)))
    assert.deepEqual(await historyOf(world, kv, 'k'), ['put 3'])
  },
  'values are removed at their age': async (world) => {
    const kv = await world.kv({ ttlMs: 200 })
    await kv.put('old', bytes('1'))
    await world.elapse(700)
    assert.equal(await kv.get('old'), undefined)
    assert.deepEqual(await keysOf(world, kv), [])
    const revision = await kv.create('old', bytes('2'))
    assert.equal(revision, 2)
    assert.equal(value(await kv.get('old')), '2')
  },
  'the markers of deleted keys can be purged': async (world) => {
    const kv = await world.kv({ history: 5 })
    await kv.put('gone', bytes('1'))
    await kv.delete('gone')
    await kv.put('kept', bytes('2'))
    assert.equal(await kv.purgeDeletes(), 0)
    await world.elapse(50)
    assert.equal(await kv.purgeDeletes({ olderThanMs: 0 }), 1)
    assert.deepEqual(await historyOf(world, kv, 'gone'), [])
    assert.deepEqual(await keysOf(world, kv), ['kept'])
    assert.equal(await kv.create('gone', bytes('3')), 4)
  },
  'buckets are apart, also from logs of the same name': async (world) => {
    const first = await world.transport.kv(world.name('one'))
    const second = await world.transport.kv(world.name('two'))
    const subjects = [world.subject('>')]
    const log = await world.transport.log(world.name('one'), { subjects })
    await first.put('k', bytes('1'))
    await log.append(world.subject('k'), bytes('log'))
    assert.equal(await second.get('k'), undefined)
    assert.equal((await log.info()).messages, 1)
    assert.deepEqual(await keysOf(world, first), ['k'])
  },
  'a bucket opens again with the same options or none': async (world) => {
    const kv = await world.kv({ history: 4, ttlMs: 60_000 })
    await kv.put('k', bytes('v'))
    for (const options of [undefined, { history: 4, ttlMs: 60_000 }]) {
      assert.equal(value(await (await world.kv(options)).get('k')), 'v')
    }
  },
  'a bucket does not open with other options': async (world) => {
    await world.kv({ history: 4 })
    await rejects(world.kv({ history: 5 }), 'KV_MISMATCH')
    await rejects(world.kv({ history: 4, ttlMs: 60_000 }), 'KV_MISMATCH')
  },
  'options that make no sense are refused by name': async (world) => {
    await rejectsAs(world.kv({ history: 0 }), RangeError)
    await rejectsAs(world.kv({ history: 65 }), RangeError)
    await rejectsAs(world.kv({ ttlMs: 5 }), RangeError)
    await rejectsAs(world.transport.kv('a.b'), TypeError)
    const kv = await world.kv()
    await rejectsAs(kv.update('k', bytes(''), 0), RangeError)
    await rejectsAs(kv.delete('k', { revision: -1 }), RangeError)
  },
  'keys of letters, digits and - _ / = are allowed': async (world) => {
    const kv = await world.kv()
    for (const key of ['a', 'A.b-c_d', 'path/to=it', '0', 'a.b.c.d.e']) {
      await kv.put(key, bytes(key))
      assert.equal(value(await kv.get(key)), key)
    }
  },
  'keys that cannot travel are refused': async (world) => {
    const kv = await world.kv()
    for (const key of ['', '.a', 'a.', 'a..b', 'a b', 'a*', '>', 'ä', '$k', 'a\n']) {
      await rejects(kv.put(key, bytes('')), 'KEY_INVALID')
      await rejects(kv.get(key), 'KEY_INVALID')
    }
  },
  'a value that is too large is refused': async (world) => {
    const kv = await world.kv()
    const large = new Uint8Array(world.transport.supports.maxPayloadBytes + 1)
    await rejects(kv.put('k', large), 'PAYLOAD_TOO_LARGE')
    await kv.put('k', large.subarray(1))
    assert.equal((await kv.get('k'))?.value.byteLength, large.byteLength - 1)
  },
  'the bytes given to put may be used again afterwards': async (world) => {
    const kv = await world.kv()
    const buffer = bytes('before')
    await kv.put('k', buffer)
    buffer.fill(0)
    assert.equal(value(await kv.get('k')), 'before')
  },
  'a removed bucket is gone, and its name free for a new one': async (world) => {
    const kv = await world.kv({ history: 2 })
    await kv.put('k', bytes('1'))
    await kv.destroy()
    const fresh = await world.kv({ history: 9 })
    assert.equal(await fresh.get('k'), undefined)
    assert.equal(await fresh.put('k', bytes('2')), 1)
  },
}
