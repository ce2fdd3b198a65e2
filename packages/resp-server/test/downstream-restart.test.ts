import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { expect, onTestFinished, test } from 'vitest'
import { createServer, type RespServer, type ServerOptions } from '../src/index.ts'
import { RawReplica } from './support/raw-replica.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const portOf = (server: RespServer): number => server.address.port as number

/** A folder in which servers are started one after the other. */
function place(): (options?: ServerOptions) => Promise<RespServer> {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  return async (options = {}) => {
    const server = await createServer({ port: 0, path: folder.path, ...options })
    onTestFinished(() => server.close())
    return server
  }
}

async function follow(server: RespServer, from?: RawReplica): Promise<RawReplica> {
  const options = from === undefined ? {} : { from: [from.id, from.offset] as const }
  const replica = await RawReplica.connect(portOf(server), options)
  onTestFinished(() => replica.close())
  return replica
}

/** A replica that has everything of a server that has ended. */
async function endWith(server: RespServer): Promise<RawReplica> {
  const replica = await follow(server)
  await server.execute(['SET', 'a', '1'])
  await server.execute(['SET', 'last', '1'])
  const closed = server.close()
  await replica.until('SET last 1')
  await closed
  return replica
}

const infoOf = async (server: RespServer, field: string): Promise<string | undefined> =>
  new RegExp(`^${field}:(.*)\r$`, 'm').exec(String(await server.execute(['INFO'])))?.[1]

test('who has everything of a server that ended in order goes on with the next', async () => {
  const open = place()
  const before = await endWith(await open())
  const server = await open()
  // others write before it is back
  await server.execute(['INCR', 'a'])
  const replica = await follow(server, before)
  const id = await infoOf(server, 'master_replid')
  expect(replica.line).toBe(`+CONTINUE ${id}`)
  expect(id).not.toBe(before.id)
  expect(await infoOf(server, 'master_replid2')).toBe(before.id)
  expect(await infoOf(server, 'second_repl_offset')).toBe(String(before.offset + 1))
  await server.execute(['SET', 'end', '1'])
  expect(await replica.until('SET end 1')).toEqual(['SELECT 0', 'INCR a'])
  expect(String(replica.offset)).toBe(await infoOf(server, 'master_repl_offset'))
  // the history has gone on under its own name: the old one does not tell of what came since
  const mistaken = await RawReplica.connect(portOf(server), { from: [before.id, replica.offset] })
  onTestFinished(() => mistaken.close())
  expect(mistaken.line).toMatch(/^\+FULLRESYNC/)
})

test('who lacks a byte, or is of another history, begins anew', async () => {
  const open = place()
  const before = await endWith(await open())
  const server = await open()
  for (const from of [
    [before.id, before.offset - 1],
    [before.id, before.offset + 1],
    ['0'.repeat(40), before.offset],
  ] as const) {
    const replica = await RawReplica.connect(portOf(server), { from })
    onTestFinished(() => replica.close())
    expect(replica.line).toMatch(/^\+FULLRESYNC/)
  }
})

test('who was away for several ends goes on if nothing was done meanwhile', async () => {
  const open = place()
  const before = await endWith(await open())
  for (let ends = 0; ends < 2; ends += 1) await (await open()).close()
  const server = await open()
  expect((await follow(server, before)).line).toMatch(/^\+CONTINUE/)
  // and not if something was
  const other = place()
  const away = await endWith(await other())
  const between = await other()
  await between.execute(['SET', 'b', '1'])
  await between.close()
  expect((await follow(await other(), away)).line).toMatch(/^\+FULLRESYNC/)
})

test('what expires while nothing runs is told to who goes on', async () => {
  const open = place()
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  const first = await open({ clock })
  await first.execute(['SET', 'brief', '1', 'PX', '100'])
  const before = await endWith(first)
  await clock.advance(1000)
  const server = await open({ clock })
  const replica = await follow(server, before)
  expect(replica.line).toMatch(/^\+CONTINUE/)
  expect(await server.execute(['GET', 'brief'])).toBeUndefined()
  await server.execute(['SET', 'end', '1'])
  expect(await replica.until('SET end 1')).toEqual(['SELECT 0', 'DEL brief'])
})

test('a store that was written since, by whomever, ends the history', async () => {
  const fileSystem = memoryFileSystem()
  const reopen = (): Promise<Store> => Store.open('/data', { fileSystem })
  const start = async (store: Store): Promise<RespServer> => {
    const server = await createServer({ port: 0, store })
    onTestFinished(() => server.close())
    return server
  }
  let store = await reopen()
  let before = await endWith(await start(store))
  await store.put(Buffer.from('foreign'), Buffer.from('1'))
  await store.close()
  store = await reopen()
  const server = await start(store)
  expect((await follow(server, before)).line).toMatch(/^\+FULLRESYNC/)
  await server.execute(['SET', 'a', '2'])
  before = await endWith(server)
  // as a crash leaves it that comes after a write of the next server
  const next = await start(store)
  await next.execute(['SET', 'a', '3'])
  await next.execute(['SAVE'])
  await store.checkpoint('/image')
  const crashed = await Store.open('/image', { fileSystem })
  expect((await follow(await start(crashed), before)).line).toMatch(/^\+FULLRESYNC/)
  expect((await follow(next, before)).line).toMatch(/^\+CONTINUE/)
})

test('with fewer databases than before, all begin anew', async () => {
  const open = place()
  const first = await open()
  await first.execute(['SET', 'a', '1'])
  const before = await endWith(first)
  const config = { databases: '1' }
  const server = await open({ config })
  expect((await follow(server, before)).line).toMatch(/^\+FULLRESYNC/)
  // with as few again, they go on
  const again = await endWith(server)
  expect((await follow(await open({ config }), again)).line).toMatch(/^\+CONTINUE/)
})
