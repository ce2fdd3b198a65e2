import { join } from 'node:path'
import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { shelfModule, shelfType } from '../support/shelf-module.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))

test('a value survives a restart record by record, and comes back when it is touched', async () => {
  using folder = temporaryFolder()
  const { path } = folder
  {
    await using server = await createServer({ path, modules: [shelfModule()] })
    await run(server, 'SHELF.SET s a one')
    await run(server, 'SHELF.SET s b two')
    await run(server, 'SHELF.SET s c three')
    await run(server, 'SHELF.DEL s a')
  }
  await using server = await createServer({ path, modules: [shelfModule()] })
  expect(await run(server, 'TYPE s')).toBe('testshelf')
  expect(await run(server, 'SHELF.GET s a')).toBeUndefined()
  expect(await run(server, 'SHELF.GET s c')).toBe('three')
  await run(server, 'SHELF.DEL s b')
  await run(server, 'SHELF.DEL s c')
  expect(await run(server, 'EXISTS s')).toBe(0)
})

test('a change writes the records that it names, and no others', async () => {
  const fileSystem = memoryFileSystem()
  await using store = await Store.open('/data', { fileSystem })
  await using server = await createServer({
    store,
    appendFsync: 'always',
    modules: [shelfModule()],
  })
  for (let name = 0; name < 9; name += 1) await run(server, `SHELF.SET s n${name} x`)
  await run(server, 'CONFIG SET shelf.limit 100')
  const before = await elements(store)
  await run(server, 'SHELF.SET s last y')
  const after = await elements(store)
  expect(after.size).toBe(before.size + 1)
  const changed = [...after].filter(([key, value]) => before.get(key) !== value)
  expect(changed).toEqual([[expect.stringContaining('last'), '\x00\x02v2:y']])
})

async function elements(store: Store): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const [key, value] of store.iterator({ prefix: Buffer.from('e') })) {
    found.set(Buffer.from(key).toString('latin1'), Buffer.from(value).toString('latin1'))
  }
  return found
}

test('records of an older version are read beside new ones', async () => {
  using folder = temporaryFolder()
  const { path } = folder
  {
    const type = shelfType(1)
    await using server = await createServer({ path, modules: [shelfModule({ type })] })
    await run(server, 'SHELF.SET s old one')
  }
  {
    await using server = await createServer({ path, modules: [shelfModule()] })
    await run(server, 'SHELF.SET s new two')
  }
  await using server = await createServer({ path, modules: [shelfModule()] })
  expect(await run(server, 'SHELF.GET s old')).toBe('one')
  expect(await run(server, 'SHELF.GET s new')).toBe('two')
})

test('without its module a value stays where it is, and can only be removed', async () => {
  using folder = temporaryFolder()
  const { path } = folder
  {
    await using server = await createServer({ path, modules: [shelfModule()] })
    for (const key of ['kept', 'gone']) await run(server, `SHELF.SET ${key} a one`)
  }
  {
    await using server = await createServer({ path })
    expect(await run(server, 'TYPE kept')).toBe('testshelf')
    await expect(run(server, 'GET kept')).rejects.toThrow("the module of type 'testshelf'")
    expect(await run(server, 'DEL gone')).toBe(1)
    expect(await run(server, 'EXPIRE kept 1000')).toBe(1)
  }
  await using server = await createServer({ path, modules: [shelfModule()] })
  expect(await run(server, 'KEYS *')).toEqual(['kept'])
  expect(await run(server, 'SHELF.GET kept a')).toBe('one')
})

test('generic commands know the type: COPY, RENAME, MOVE, SCAN, MEMORY, DUMP and RESTORE', async () => {
  await using server = await createServer({ modules: [shelfModule()] })
  await run(server, 'SHELF.SET s a one')
  await run(server, 'COPY s t')
  await run(server, 'SHELF.SET t a other')
  expect(await run(server, 'SHELF.GET s a')).toBe('one')
  await run(server, 'RENAME t u')
  await run(server, 'SET plain text')
  expect(await run(server, 'SCAN 0 TYPE testshelf')).toEqual([
    '0',
    expect.arrayContaining(['s', 'u']),
  ])
  expect(await run(server, 'MEMORY USAGE s')).toBeGreaterThan(1000)
  expect(await run(server, 'OBJECT ENCODING s')).toBe('raw')
  const payload = (await server.execute(['DUMP', 's'], { buffers: true })) as Buffer
  // as Redis writes it: type 7, then nine letters and ten bits of version
  expect(payload[0]).toBe(7)
  await server.execute(['RESTORE', 'copy', '0', payload])
  expect(await run(server, 'SHELF.GET copy a')).toBe('one')
  await expect(run(server, 'SHELF.GET plain a')).rejects.toThrow(/^WRONGTYPE/)
  await expect(run(server, 'HGET s a')).rejects.toThrow(/^WRONGTYPE/)
  await using bare = await createServer()
  await expect(bare.execute(['RESTORE', 'x', '0', payload])).rejects.toThrow('Bad data format')
  await run(server, 'MOVE s 3')
  const client = server.createClient()
  await client.execute(['SELECT', '3'])
  expect(await client.execute(['SHELF.GET', 's', 'a'])).toBe('one')
})

test('values go out and come in by RDB files', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'dump.rdb')
  await using server = await createServer({ modules: [shelfModule()] })
  await run(server, 'SHELF.SET s a one')
  await run(server, 'SHELF.SET s b two')
  server.exportRdb(file)
  await using other = await createServer({ modules: [shelfModule()] })
  expect((await other.importRdb(file)).keys).toBe(1)
  expect(await run(other, 'SHELF.GET s b')).toBe('two')
})

test('a type is told when its values leave memory', async () => {
  const freed: string[] = []
  const type = shelfType(2, freed)
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  using folder = temporaryFolder()
  await using server = await createServer({
    path: folder.path,
    clock,
    modules: [shelfModule({ type })],
    config: { 'maxmemory-policy': 'tier' },
  })
  for (const name of ['deleted', 'replaced', 'kept'])
    await run(server, `SHELF.SET ${name} ${name} x`)
  await run(server, 'DEL deleted')
  await run(server, 'SET replaced text')
  expect(freed).toEqual(['deleted', 'replaced'])
  await run(server, 'CONFIG SET maxmemory 1')
  await run(server, 'PING')
  await clock.advance(1100)
  await run(server, 'PING')
  expect(freed).toEqual(['deleted', 'replaced', 'kept'])
  expect(await run(server, 'SHELF.GET kept kept')).toBe('x')
})
