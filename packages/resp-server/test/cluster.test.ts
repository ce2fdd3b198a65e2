import { expect, test } from 'vitest'
import { keySlot } from '../src/cluster/key-slot.ts'
import { Group, type Node, run, untilPrimary, untilReplicated } from './support/group.ts'

/** Two groups of a cluster, each of a primary; the slots are halved. */
async function halves(group: Group): Promise<[Node, Node]> {
  const a = await group.start('a', {}, { group: 'left', cluster: true })
  const b = await group.start('b', {}, { group: 'right', cluster: true })
  await Promise.all([untilPrimary(a), untilPrimary(b)])
  await run(a, 'CLUSTER ADDSLOTSRANGE 0 8191')
  await run(b, 'CLUSTER ADDSLOTSRANGE 8192 16383')
  for (const node of [a, b]) {
    await expect.poll(() => run(node, 'CLUSTER INFO')).toContain('cluster_state:ok')
  }
  return [a, b]
}

const at = ({ server }: Node): string => `127.0.0.1:${server.address.port}`
const idOf = async (node: Node): Promise<string> => String(await run(node, 'CLUSTER MYID'))

test('slots of keys are those of Redis, braces too', () => {
  // the values that Redis Cluster's specification and redis-server give
  expect(keySlot('123456789')).toBe(0x31c3)
  expect(keySlot('foo')).toBe(12_182)
  expect(keySlot('{foo}.bar')).toBe(12_182)
  expect(keySlot('{}foo')).toBe(9500)
  expect(keySlot('foo{{bar}}zap')).toBe(keySlot('{bar'))
  expect(keySlot('foo{bar}{zap}')).toBe(keySlot('bar'))
})

test('a command goes to the node that has its slot, and no other runs it', async () => {
  await using group = new Group()
  const [a, b] = await halves(group)
  await expect(run(a, 'SET foo 1')).rejects.toThrow(`MOVED 12182 ${at(b)}`)
  await expect(run(b, 'GET bar')).rejects.toThrow(`MOVED 5061 ${at(a)}`)
  expect(await run(b, 'SET foo 1')).toBe('OK')
  expect(await run(b, 'MSET {foo}a 1 {foo}b 2')).toBe('OK')
  await expect(run(b, 'MGET foo bar')).rejects.toThrow("CROSSSLOT Keys in request don't hash")
  expect(await run(b, 'XREAD COUNT 1 STREAMS {foo}s {foo}t 0 0-1')).toBeUndefined()
  await expect(run(a, 'SELECT 1')).rejects.toThrow('ERR SELECT is not allowed in cluster mode')
  expect(await run(b, 'CLUSTER COUNTKEYSINSLOT 12182')).toBe(3)
  expect(await run(b, 'CLUSTER GETKEYSINSLOT 12182 2')).toHaveLength(2)
  const client = b.server.createClient()
  await client.execute(['MULTI'])
  await expect(client.execute(['SET', 'bar', '1'])).rejects.toThrow('MOVED 5061')
  await expect(client.execute(['EXEC'])).rejects.toThrow('EXECABORT')
  client.close()
  const script = "return redis.call('get', 'bar')"
  await expect(b.server.execute(['EVAL', script, 0])).rejects.toThrow('non local key')
})

test('CLUSTER SLOTS, SHARDS and NODES tell the same', async () => {
  await using group = new Group()
  const [a, b] = await halves(group)
  const [idA, idB] = [await idOf(a), await idOf(b)]
  const [portA, portB] = [a.server.address.port, b.server.address.port]
  expect(await run(a, 'CLUSTER SLOTS')).toEqual([
    [0, 8191, ['127.0.0.1', portA, idA, []]],
    [8192, 16_383, ['127.0.0.1', portB, idB, []]],
  ])
  const nodes = String(await run(a, 'CLUSTER NODES'))
  expect(nodes).toContain(`${idA} ${at(a)}@0 myself,master - 0 0`)
  expect(nodes).toMatch(new RegExp(`${idB} ${at(b)}@0 master - 0 0 \\d+ connected 8192-16383`))
  const shards = (await run(a, 'CLUSTER SHARDS')) as Map<string, unknown>[]
  expect(shards.map((shard) => shard.get('slots'))).toEqual([
    [0, 8191],
    [8192, 16_383],
  ])
})

test('a replica sends clients to its primary unless they said READONLY', async () => {
  await using group = new Group()
  const [a] = await halves(group)
  const replica = await group.start('c', {}, { group: 'left', cluster: true })
  await run(a, 'SET bar 1')
  await untilReplicated(a)
  const client = replica.server.createClient()
  await expect(client.execute(['GET', 'bar'])).rejects.toThrow(`MOVED 5061 ${at(a)}`)
  await client.execute(['READONLY'])
  expect(await client.execute(['GET', 'bar'])).toBe('1')
  await expect(client.execute(['SET', 'bar', '2'])).rejects.toThrow(`MOVED 5061 ${at(a)}`)
  client.close()
})

test('a slot moves with its keys while clients go on', async () => {
  await using group = new Group()
  const [a, b] = await halves(group)
  const [idA, idB] = [await idOf(a), await idOf(b)]
  for (const name of ['1', '2', '3']) await run(a, `SET {bar}${name} ${name}`)
  await run(a, 'PEXPIRE {bar}1 100000')
  await run(b, `CLUSTER SETSLOT 5061 IMPORTING ${idA}`)
  await run(a, `CLUSTER SETSLOT 5061 MIGRATING ${idB}`)
  const port = b.server.address.port
  expect(await run(a, `MIGRATE 127.0.0.1 ${port} {bar}1 0 5000`)).toBe('OK')
  expect(await run(a, `MIGRATE 127.0.0.1 ${port} {bar}1 0 5000`)).toBe('NOKEY')
  expect(await run(a, 'GET {bar}2')).toBe('2')
  await expect(run(a, 'GET {bar}1')).rejects.toThrow(`ASK 5061 ${at(b)}`)
  await expect(run(a, 'MGET {bar}1 {bar}2')).rejects.toThrow('TRYAGAIN')
  await expect(run(a, 'SET {bar}new 1')).rejects.toThrow(`ASK 5061 ${at(b)}`)
  await expect(run(b, 'GET {bar}1')).rejects.toThrow(`MOVED 5061 ${at(a)}`)
  const client = b.server.createClient()
  await client.execute(['ASKING'])
  expect(await client.execute(['GET', '{bar}1'])).toBe('1')
  await expect(client.execute(['GET', '{bar}1'])).rejects.toThrow('MOVED')
  client.close()
  await expect(run(a, `CLUSTER SETSLOT 5061 NODE ${idB}`)).rejects.toThrow('still hold keys')
  const moved = await run(a, `MIGRATE 127.0.0.1 ${port}  0 5000 KEYS {bar}2 {bar}3`)
  expect(moved).toBe('OK')
  await run(b, `CLUSTER SETSLOT 5061 NODE ${idB}`)
  await expect.poll(() => run(a, 'GET {bar}2').catch(String)).toContain(`MOVED 5061 ${at(b)}`)
  expect(await run(b, 'MGET {bar}1 {bar}2 {bar}3')).toEqual(['1', '2', '3'])
  expect(Number(await run(b, 'PTTL {bar}1'))).toBeGreaterThan(50_000)
  expect(await run(a, 'DBSIZE')).toBe(0)
})

test('without a node for a slot there is CLUSTERDOWN', async () => {
  await using group = new Group()
  const a = await group.start('a', {}, { group: 'left', cluster: true })
  await untilPrimary(a)
  await expect(run(a, 'SET foo 1')).rejects.toThrow('CLUSTERDOWN Hash slot not served')
  await run(a, 'CLUSTER ADDSLOTS 12182')
  expect(await run(a, 'SET foo 1')).toBe('OK')
  await expect(run(a, 'CLUSTER ADDSLOTS 12182')).rejects.toThrow('ERR Slot 12182 is already busy')
})

test('PUBLISH reaches subscribers of every node, SPUBLISH those of the group', async () => {
  await using group = new Group()
  const [a, b] = await halves(group)
  const replica = await group.start('c', {}, { group: 'left', cluster: true })
  const heard: unknown[] = []
  const listen = async (node: Node, ...words: string[]): Promise<() => void> => {
    const client = node.server.createClient()
    await client.execute(words)
    client.onPush = (items) => heard.push([node.name, ...items])
    return () => client.close()
  }
  const ends = [
    await listen(a, 'SUBSCRIBE', 'news'),
    await listen(b, 'PSUBSCRIBE', 'n*'),
    await listen(replica, 'SUBSCRIBE', 'news'),
  ]
  for (const { transport } of [a, b, replica]) await transport.flush()
  expect(await run(b, 'PUBLISH news hello')).toBe(1)
  await expect.poll(() => heard.length).toBe(3)
  expect(heard).toContainEqual(['a', 'message', 'news', 'hello'])
  expect(heard).toContainEqual(['b', 'pmessage', 'n*', 'news', 'hello'])
  expect(heard).toContainEqual(['c', 'message', 'news', 'hello'])
  heard.length = 0
  ends.push(await listen(a, 'SSUBSCRIBE', 'bar'))
  expect(await run(a, 'SPUBLISH bar there')).toBe(1)
  await run(a, 'PUBLISH news again')
  await expect.poll(() => heard.length).toBe(4)
  expect(heard).toContainEqual(['a', 'smessage', 'bar', 'there'])
  for (const end of ends) end()
})
