import assert from 'node:assert/strict'
import type { KeyValue, KvEntry, KvWatchOptions } from '../kv/key-value.ts'
import { bytes, range } from './checks.ts'
import type { Reader } from './reader.ts'
import type { Cases, World } from './world.ts'

function line({ key, value, operation }: KvEntry): string {
  return operation === 'delete' ? `- ${key}` : `${key}=${new TextDecoder().decode(value)}`
}

async function lines(reader: Reader<KvEntry>, count: number): Promise<string[]> {
  return (await reader.many(count)).map(line)
}

/** A watch that is known to be in place. */
async function watching(
  world: World,
  kv: KeyValue,
  options: KvWatchOptions = {},
): Promise<Reader<KvEntry>> {
  let caughtUp = false
  const onCaughtUp = (): void => {
    caughtUp = true
  }
  const reader = world.read(kv.watch({ ...options, onCaughtUp }))
  reader.ask()
  await world.until(() => caughtUp, 'the watch caught up')
  return reader
}

/** Watching buckets. */
export const watchCases: Cases = {
  'a watch begins with the present values': async (world) => {
    const kv = await world.kv({ history: 5 })
    await kv.put('a', bytes('1'))
    await kv.put('b', bytes('2'))
    await kv.put('a', bytes('3'))
    await kv.put('gone', bytes('4'))
    await kv.delete('gone')
    const reader = world.read(kv.watch())
    assert.deepEqual(await lines(reader, 2), ['b=2', 'a=3'])
    await reader.quiet()
    await reader.stop()
  },
  'a watch goes on with every change, deletes included': async (world) => {
    const kv = await world.kv({ history: 64 })
    await kv.put('a', bytes('1'))
    const reader = world.read(kv.watch())
    assert.deepEqual(await lines(reader, 1), ['a=1'])
    await kv.put('b', bytes('2'))
    await kv.delete('a')
    await kv.create('a', bytes('3'))
    assert.deepEqual(await lines(reader, 3), ['b=2', '- a', 'a=3'])
    await reader.stop()
  },
  'entries of a watch carry growing revisions': async (world) => {
    const kv = await world.kv({ history: 64 })
    const reader = await watching(world, kv)
    const written: number[] = []
    for (const n of range(1, 50)) written.push(await kv.put(`k${n % 3}`, bytes(String(n))))
    assert.deepEqual(
      (await reader.many(50)).map(({ revision }) => revision),
      written,
    )
    await reader.stop()
  },
  'a watch can be narrowed to keys': async (world) => {
    const kv = await world.kv()
    await kv.put('a.1', bytes('x'))
    await kv.put('b.1', bytes('x'))
    const reader = world.read(kv.watch({ key: 'a.*' }))
    assert.deepEqual(await lines(reader, 1), ['a.1=x'])
    await kv.put('b.2', bytes('y'))
    await kv.put('a.2', bytes('y'))
    assert.deepEqual(await lines(reader, 1), ['a.2=y'])
    await reader.stop()
  },
  'a watch of one key sees that key': async (world) => {
    const kv = await world.kv()
    const reader = await watching(world, kv, { key: 'one' })
    await kv.put('two', bytes('2'))
    await kv.put('one', bytes('1'))
    assert.deepEqual(await lines(reader, 1), ['one=1'])
    await reader.stop()
  },
  'a watch can begin with the whole history': async (world) => {
    const kv = await world.kv({ history: 5 })
    await kv.put('a', bytes('1'))
    await kv.put('b', bytes('2'))
    await kv.put('a', bytes('3'))
    await kv.delete('b')
    const reader = world.read(kv.watch({ history: true }))
    assert.deepEqual(await lines(reader, 4), ['a=1', 'b=2', 'a=3', '- b'])
    await kv.put('c', bytes('4'))
    assert.deepEqual(await lines(reader, 1), ['c=4'])
    await reader.stop()
  },
  'a watch can begin with nothing': async (world) => {
    const kv = await world.kv()
    await kv.put('a', bytes('old'))
    const reader = await watching(world, kv, { updatesOnly: true })
    await kv.put('a', bytes('new'))
    assert.deepEqual(await lines(reader, 1), ['a=new'])
    await reader.stop()
  },
  'a watch says once when it has caught up': async (world) => {
    const kv = await world.kv()
    for (const n of range(1, 3)) await kv.put(`k${n}`, bytes(''))
    let calls = 0
    const reader = world.read(
      kv.watch({
        onCaughtUp: () => {
          calls += 1
        },
      }),
    )
    await reader.many(2)
    assert.equal(calls, 0)
    await reader.next()
    reader.ask()
    await world.until(() => calls === 1, 'it caught up')
    await kv.put('k4', bytes(''))
    await reader.next()
    await reader.quiet()
    assert.equal(calls, 1)
    await reader.stop()
  },
  'a watch of an empty bucket has caught up at once': async (world) => {
    const kv = await world.kv()
    const reader = await watching(world, kv)
    await kv.put('a', bytes('1'))
    assert.deepEqual(await lines(reader, 1), ['a=1'])
    await reader.stop()
  },
  'a watch ends when its signal aborts': async (world) => {
    const kv = await world.kv()
    const controller = new AbortController()
    const reader = world.read(kv.watch({ signal: controller.signal }))
    reader.ask()
    controller.abort()
    await reader.ended()
  },
  'leaving the loop ends the watch': async (world) => {
    const kv = await world.kv()
    await kv.put('a', bytes('1'))
    for await (const entry of kv.watch()) {
      assert.equal(line(entry), 'a=1')
      break
    }
    await kv.put('a', bytes('2'))
  },
  'watches are apart from each other': async (world) => {
    const other = await world.connect()
    const kv = await world.kv()
    const view = await world.kv(undefined, other)
    const readers = [await watching(world, kv), await watching(world, view)]
    await kv.put('a', bytes('1'))
    for (const reader of readers) {
      assert.deepEqual(await lines(reader, 1), ['a=1'])
      await reader.stop()
    }
  },
  'a slow watch always sees the last value of each key': async (world) => {
    const kv = await world.kv()
    const reader = await watching(world, kv)
    await Promise.all(range(1, 400).map((n) => kv.put(`k${n % 4}`, bytes(String(n)))))
    const last = new Map<string, string>()
    while ([...last.values()].filter((value) => Number(value) > 396).length < 4) {
      const entry = await reader.next()
      last.set(entry.key, new TextDecoder().decode(entry.value))
    }
    await reader.quiet()
    await reader.stop()
  },
  'history and updates only exclude each other': async (world) => {
    const kv = await world.kv()
    assert.throws(() => kv.watch({ history: true, updatesOnly: true }), TypeError)
  },
  'removing the bucket ends its watches': async (world) => {
    const kv = await world.kv()
    const reader = await watching(world, kv)
    await kv.destroy()
    await reader.ended()
  },
}
