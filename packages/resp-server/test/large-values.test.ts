import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type RespServer, type RespValue } from '@ashlar/resp-server'
import { expect, test, vi } from 'vitest'
import { readControl } from '../src/persistence/control.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** So long that its pieces are written in several turns. */
const LARGE = Buffer.from('0123456789abcdef'.repeat(3 * 65_536 + 7))

/** Keys of the store by their kind: `e` for pieces, `g` for what is to be removed. */
function stored(store: Store, kind: string): number {
  let count = 0
  const iterator = store.iterator({ prefix: Buffer.from(kind), keysOnly: true })
  while (iterator.nextSync() !== undefined) count += 1
  iterator.close()
  return count
}

/** Lets the event loop turn until it is so. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate()
}

const bytes = (server: RespServer, ...args: readonly (string | Buffer)[]): Promise<RespValue> =>
  server.execute(args, { buffers: true })

const openStore = (): Promise<Store> => Store.open('/data', { fileSystem: memoryFileSystem() })

test('a large value shows when it is whole, and others are served while it is written', async () => {
  await using store = await openStore()
  const server = await createServer({ store })
  const [writer, reader] = [server.createClient(), server.createClient()]
  await server.execute(['SET', 'key', 'before'])
  let isSet = false
  const set = writer.execute(['SET', 'key', LARGE, 'EX', 1000]).then(() => {
    isSet = true
  })
  const after = writer.execute(['SETRANGE', 'key', 3, 'XYZ'])
  await until(() => stored(store, 'e') > 0)
  expect(isSet).toBe(false)
  expect(await reader.execute(['GET', 'key'])).toBe('before')
  expect(isSet).toBe(false)
  await set
  expect(await after).toBe(LARGE.length)
  const changed = Buffer.from(LARGE)
  changed.write('XYZ', 3)
  expect(changed.equals((await bytes(server, 'GET', 'key')) as Buffer)).toBe(true)
  await server.close()
  const again = await createServer({ store })
  expect(changed.equals((await bytes(again, 'GET', 'key')) as Buffer)).toBe(true)
  expect(await again.execute(['TTL', 'key'])).toBeGreaterThan(900)
  await again.execute(['DEL', 'key'])
  await until(() => stored(store, 'e') === 0 && stored(store, 'g') === 0)
  await again.close()
})

test.each([
  ['refused', ['SET', 'key', LARGE, 'NX']],
  ['overwritten at once', ['MSET', 'other', LARGE, 'other', 'small']],
  ['of a command that fails', ['SET', 'key', LARGE, 'no-such-option']],
] as const)('pieces of a value that is %s are removed', async (_, args) => {
  await using store = await openStore()
  const server = await createServer({ store })
  await server.execute(['SET', 'key', 'before'])
  let isOver = false
  const call = server.execute(args).then(
    () => undefined,
    () => undefined,
  )
  await until(() => stored(store, 'e') > 0)
  await call.then(() => {
    isOver = true
  })
  await until(() => isOver && stored(store, 'e') === 0 && stored(store, 'g') === 0)
  expect(await server.execute(['GET', 'key'])).toBe('before')
  await server.close()
})

test('pieces of a value whose client goes, or whose database is flushed meanwhile, are removed', async () => {
  await using store = await openStore()
  const server = await createServer({ store })
  const gone = server.createClient()
  const refused = gone.execute(['SET', 'key', LARGE]).catch((error: unknown) => error)
  await until(() => stored(store, 'e') > 0)
  gone.close()
  expect(await refused).toMatchObject({ code: 'SERVER_CLOSED' })
  await until(() => stored(store, 'e') === 0 && stored(store, 'g') === 0)
  expect(await server.execute(['EXISTS', 'key'])).toBe(0)

  const set = server.createClient().execute(['SET', 'key', LARGE])
  await until(() => stored(store, 'e') > 0)
  await server.execute(['FLUSHALL'])
  await set
  await until(() => stored(store, 'g') === 0 && stored(store, 'f') === 0)
  await server.close()
  const again = await createServer({ store })
  expect(LARGE.equals((await bytes(again, 'GET', 'key')) as Buffer)).toBe(true)
  expect(stored(store, 'e')).toBe(Math.ceil(LARGE.length / 32_768))
  await again.close()
})

test('a process that dies while a large value is written leaves the old one, and no pieces', async () => {
  using folder = temporaryFolder()
  const [path, image] = [join(folder.path, 'store'), join(folder.path, 'image')]
  await using store = await Store.open(path)
  const server = await createServer({ store })
  await server.execute(['SET', 'key', 'before'])
  const set = server.execute(['SET', 'key', LARGE])
  await until(() => stored(store, 'e') > 32)
  cpSync(path, image, { recursive: true })
  await set
  await server.close()
  await using crashed = await Store.open(image)
  expect(stored(crashed, 'e')).toBeGreaterThan(0)
  const again = await createServer({ store: crashed })
  expect(await again.execute(['GET', 'key'])).toBe('before')
  await until(() => stored(crashed, 'e') === 0 && stored(crashed, 'g') === 0)
  await again.execute(['SET', 'key', LARGE])
  expect(LARGE.equals((await bytes(again, 'GET', 'key')) as Buffer)).toBe(true)
  await again.close()
})

test('what a string is only extended by takes no room in the store, and comes back as zeros', async () => {
  await using store = await openStore()
  const server = await createServer({ store })
  await server.execute(['SETBIT', 'bits', 2 ** 28 + 5, 1])
  await server.execute(['SETBIT', 'bits', 9, 1])
  await server.execute(['SET', 'short', 'start'])
  await server.execute(['SETRANGE', 'short', 5_000_000, 'end'])
  await server.execute(['SET', 'long', LARGE])
  await server.execute(['SETRANGE', 'long', 9_000_000, 'end'])
  await server.close()
  // a piece at each end, and those of the long one
  expect(stored(store, 'e')).toBe(4 + Math.ceil(LARGE.length / 32_768) + 1)
  const again = await createServer({ store })
  expect(await again.execute(['BITCOUNT', 'bits'])).toBe(2)
  expect(await again.execute(['GETBIT', 'bits', 2 ** 28 + 5])).toBe(1)
  expect(await again.execute(['GETRANGE', 'short', 0, 6])).toBe('start\0\0')
  expect(await again.execute(['GETRANGE', 'short', 4_999_998, -1])).toBe('\0\0end')
  const long = Buffer.alloc(9_000_003)
  LARGE.copy(long)
  long.write('end', 9_000_000)
  expect(long.equals((await bytes(again, 'GET', 'long')) as Buffer)).toBe(true)
  await again.close()
})

test('a transaction may set more than the memory for writes of a bounded server', async () => {
  using folder = temporaryFolder()
  const server = await createServer({ path: folder.path, config: { maxmemory: '100mb' } })
  const client = server.createClient()
  const value = Buffer.alloc(10 * 1024 * 1024, 'v')
  await client.execute(['MULTI'])
  for (let n = 0; n < 9; n += 1) await client.execute(['SET', `key:${n}`, value])
  expect(await client.execute(['EXEC'])).toHaveLength(9)
  expect(await server.execute(['SET', 'after', '1'])).toBe('OK')
  await server.close()
  await using again = await createServer({ path: folder.path })
  for (const key of ['key:0', 'key:8']) {
    expect(value.equals((await bytes(again, 'GET', key)) as Buffer), key).toBe(true)
  }
})

test('what was written ahead of a batch that never came takes nothing from values behind a restart', async () => {
  await using store = await openStore()
  const server = await createServer({ store })
  const value = Buffer.alloc(10_000_000, 'v')
  const write = store.writeSync.bind(store)
  const failing = vi.spyOn(store, 'writeSync').mockImplementationOnce(write)
  failing.mockImplementationOnce(() => {
    throw new Error('no more')
  })
  // the first command of all: not even the ids that it may use are stored yet
  const client = server.createClient()
  await client.execute(['MULTI'])
  await client.execute(['SET', 'key', value])
  await client.execute(['EXEC'])
  await until(() => failing.mock.calls.length === 2)
  await server.close().catch(() => {})
  failing.mockRestore()
  expect(stored(store, 'g')).toBe(1)
  expect(readControl(store)?.idCeiling).toBeGreaterThan(1)

  const again = await createServer({ store })
  const other = again.createClient()
  await other.execute(['MULTI'])
  await other.execute(['SET', 'other', value])
  await other.execute(['EXEC'])
  await until(() => stored(store, 'g') === 0)
  await again.close()
  const last = await createServer({ store })
  expect(await last.execute(['EXISTS', 'key'])).toBe(0)
  expect(value.equals((await bytes(last, 'GET', 'other')) as Buffer)).toBe(true)
  await last.close()
})
