import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { embedded, isTransportError, openEmbeddedHub, type Transport } from '@ashlar/transport'
import { expect, onTestFinished, test } from 'vitest'
import { encodeJson } from '../../src/embedded/json.ts'
import {
  encodeSequence,
  kindKey,
  LAYOUT_VERSION,
  nameKey,
  OLD_LAYOUT_VERSION,
  sequenceKey,
} from '../../src/embedded/keys.ts'
import { writeRecord } from '../../src/embedded/record-value.ts'
import { Slab } from '../../src/embedded/slab.ts'
import { resolveLogOptions } from '../../src/log/log-options.ts'
import { NO_HEADERS } from '../../src/message/headers.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function temporary(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ashlar-embedded-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (isTransportError(error)) return error.code
    throw error
  }
  return 'none'
}

function appendMany(transport: Transport, count: number): Promise<unknown[]> {
  return transport
    .log('l', { subjects: ['a'] })
    .then((log) => Promise.all(Array.from({ length: count }, () => log.append('a', bytes('x')))))
}

test('a transport with a path of its own closes its store with it', async () => {
  const path = await temporary()
  const first = await embedded({ path })
  await appendMany(first, 3)
  expect(await codeOf(embedded({ path }))).toBe('STORAGE_FAILED')
  await first.close()
  await using second = await embedded({ path })
  expect((await (await second.log('l')).info()).messages).toBe(3)
})

test('closing a hub closes its connections', async () => {
  const hub = await openEmbeddedHub({ path: await temporary() })
  const a = await embedded({ hub })
  const b = await embedded({ hub })
  expect(hub.connections).toBe(2)
  await hub.close()
  expect([a.state, b.state, hub.connections]).toEqual(['closed', 'closed', 0])
})

test('options that make no sense are refused by name', async () => {
  await expect(embedded({ path: '' })).rejects.toThrow(/path/)
  const hub = { connections: 0, close: async () => {}, [Symbol.asyncDispose]: async () => {} }
  await expect(embedded({ hub })).rejects.toThrow(/openEmbeddedHub/)
  await expect(embedded({ path: await temporary(), maxPayloadBytes: 0 })).rejects.toThrow(
    /maxPayloadBytes/,
  )
})

test('with sync always, a power cut takes nothing that was acknowledged', async () => {
  const fileSystem = memoryFileSystem()
  const transport = await embedded({ path: 'db', fileSystem, sync: 'always' })
  const log = await transport.log('l', { subjects: ['a'] })
  for (let n = 0; n < 20; n += 1) await log.append('a', bytes(String(n)))
  const kv = await transport.kv('b')
  await kv.put('k', bytes('kept'))
  const consumer = await log.consume({ durable: 'd' })
  for await (const delivery of consumer) {
    await delivery.ack()
    if (delivery.sequence === 5) break
  }
  fileSystem.powerCut()
  await using after = await embedded({ path: 'db', fileSystem })
  const again = await after.log('l')
  expect((await again.info()).lastSequence).toBe(20)
  expect(new TextDecoder().decode((await (await after.kv('b')).get('k'))?.value)).toBe('kept')
  expect((await (await again.consume({ durable: 'd' })).info()).ackFloor).toBe(5)
})

test('what was being written when the disk failed is unknown, everything later is refused', async () => {
  let broken = false
  const fileSystem = faultyFileSystem(memoryFileSystem(), ({ name }) =>
    broken && (name === 'write' || name === 'sync') ? 'EIO' : undefined,
  )
  const transport = await embedded({ path: 'db', fileSystem, sync: 'always' })
  const log = await transport.log('l', { subjects: ['a'] })
  await log.append('a', bytes('1'))
  broken = true
  expect(await codeOf(log.append('a', bytes('2')))).toBe('UNKNOWN_OUTCOME')
  expect(await codeOf(log.append('a', bytes('3')))).toBe('STORAGE_FAILED')
  expect(await codeOf(transport.kv('b'))).toBe('STORAGE_FAILED')
  await transport.close().catch(() => undefined)
  expect(transport.state).toBe('closed')
})

test('of many writes in flight at a failure each one is told', async () => {
  let broken = false
  const fileSystem = faultyFileSystem(memoryFileSystem(), ({ name }) =>
    broken && name === 'write' ? 'ENOSPC' : undefined,
  )
  const transport = await embedded({ path: 'db', fileSystem })
  const log = await transport.log('l', { subjects: ['a'] })
  const lane = async (): Promise<string> => {
    for (;;) {
      const code = await codeOf(log.append('a', new Uint8Array(10_000)))
      if (code !== 'none') return code
    }
  }
  const lanes = Array.from({ length: 100 }, lane)
  await log.append('a', bytes('1'))
  broken = true
  const codes = new Set(await Promise.all(lanes))
  expect([...codes].toSorted()).toEqual(expect.arrayContaining(['UNKNOWN_OUTCOME']))
  for (const code of codes) expect(['UNKNOWN_OUTCOME', 'STORAGE_FAILED']).toContain(code)
  await transport.close().catch(() => undefined)
})

test('deliveries are counted across restarts, so a message that kills its reader is given up', async () => {
  const path = await temporary()
  const deliveries: number[] = []
  for (let run = 0; run < 4; run += 1) {
    await using transport = await embedded({ path })
    const log = await transport.log('l', { subjects: ['a'] })
    if (run === 0) await log.append('a', bytes('poison'))
    const consumer = await log.consume({ durable: 'd', maxDeliveries: 3 })
    if (run === 3) {
      await log.append('a', bytes('fine'))
      for await (const delivery of consumer) {
        expect(delivery.sequence).toBe(2)
        break
      }
      continue
    }
    for await (const delivery of consumer) {
      deliveries.push(delivery.deliveries)
      break
    }
  }
  expect(deliveries).toEqual([1, 2, 3])
})

test('a store of the layout before blocks is opened, and its logs go on as they are', async () => {
  const fileSystem = memoryFileSystem()
  const store = await Store.open('db', { fileSystem })
  const totals = new DataView(new ArrayBuffer(24))
  totals.setFloat64(0, 2)
  totals.setFloat64(8, 1)
  totals.setFloat64(16, 4)
  const record = { subject: 'a', headers: NO_HEADERS, payload: bytes('old'), timestampMs: 7 }
  const slab = new Slab()
  slab.renew(100)
  writeRecord(slab, { ...record, sequence: 2, bytes: 4 }, '')
  const batch = store.batch()
  batch.put(kindKey(0, 'V'), Uint8Array.of(OLD_LAYOUT_VERSION))
  batch.put(
    nameKey(0, 'L', 'l'),
    encodeJson({ id: 1, options: resolveLogOptions({ subjects: ['a'] }) }),
  )
  batch.put(kindKey(1, 't'), new Uint8Array(totals.buffer))
  batch.put(sequenceKey(1, 'm', 2), slab.bytes.subarray(0, slab.used))
  batch.put(nameKey(1, 'u', 'a'), encodeSequence(2))
  await store.write(batch)
  await store.close()
  for (const last of [3, 4]) {
    await using transport = await embedded({ path: 'db', fileSystem })
    const log = await transport.log('l', { subjects: ['a'] })
    expect(await log.append('a', bytes('new'))).toEqual({ sequence: last, duplicate: false })
    const found: unknown[] = []
    for await (const { sequence, payload } of log.read()) {
      found.push([sequence, new TextDecoder().decode(payload)])
    }
    expect(found).toEqual([[2, 'old'], ...[3, 4].slice(0, last - 2).map((n) => [n, 'new'])])
    expect(await log.info()).toMatchObject({ firstSequence: 2, messages: last - 1 })
  }
})

test('a store of a newer layout is refused', async () => {
  const fileSystem = memoryFileSystem()
  const store = await Store.open('db', { fileSystem })
  await store.put(kindKey(0, 'V'), Uint8Array.of(LAYOUT_VERSION + 1))
  await store.close()
  expect(await codeOf(embedded({ path: 'db', fileSystem }))).toBe('STORAGE_FAILED')
})

test('the keys of a removed log are removed in the end, across a restart', async () => {
  const path = await temporary()
  const clock = new VirtualClock()
  {
    await using transport = await embedded({ path, clock })
    const log = await transport.log('l', { subjects: ['a'] })
    const ids = Array.from({ length: 5_000 }, (_, n) => ({ messageId: `id-${n}` }))
    await Promise.all(ids.map((options) => log.append('a', bytes('x'), options)))
    await log.destroy()
  }
  const hub = await openEmbeddedHub({ path, clock })
  await using transport = await embedded({ hub })
  await appendMany(transport, 1)
  expect((await (await transport.log('l')).info()).lastSequence).toBe(1)
  await hub.close()
  const store = await Store.open(path)
  onTestFinished(() => store.close())
  const left: number[] = []
  for await (const [key] of store.scan({ keysOnly: true })) left.push(key[3] ?? 0)
  expect(left.filter((scope) => scope === 1)).toEqual([])
})
