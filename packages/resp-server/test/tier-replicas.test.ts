import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { Group, run, untilPrimary, untilReplicated } from './support/group.ts'
import { RawReplica } from './support/raw-replica.ts'

const KEYS = 40
const NAMES = Array.from({ length: KEYS }, (_, n) => `key:${n}`)

/** Keys that expire soon, and one that does not, all of which have left memory. */
async function fillTiered(server: RespServer): Promise<void> {
  const ask = (text: string): Promise<unknown> => server.execute(text.split(' '))
  await ask('CONFIG SET maxmemory-policy tier')
  await ask('SET kept v')
  for (const name of NAMES) await ask(`SET ${name} v PX 1500`)
  await ask('CONFIG SET maxmemory 1')
  for (let count = 0; count < 5; count += 1) await ask('PING')
  expect(await ask('INFO stats')).toMatch(/ashlar_tiered_values:[1-9]/)
  await ask('CONFIG SET maxmemory 100mb')
}

test('what expires in the store alone goes on a replica of PSYNC', async () => {
  await using store = await Store.open('/data', { fileSystem: memoryFileSystem() })
  await using server = await createServer({ store, port: 0 })
  const replica = await RawReplica.connect(server.address.port as number)
  await fillTiered(server)
  const removed: string[] = []
  while (removed.length < KEYS) {
    for (const command of await replica.next(1)) {
      if (command.startsWith('DEL ')) removed.push(command.slice(4))
    }
  }
  replica.close()
  expect(removed.sort()).toEqual([...NAMES].sort())
})

test('what expires in the store alone goes on a replica over the transport', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await untilReplicated(a)
  await fillTiered(a.server)
  await expect.poll(() => run(a, 'DBSIZE'), { timeout: 10_000 }).toBe(1)
  await untilReplicated(a)
  expect(await run(b, 'DBSIZE')).toBe(1)
  expect(await run(b, 'KEYS *')).toEqual(['kept'])
})
