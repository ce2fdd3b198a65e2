import { seededRandom } from '@ashlar/codec'
import type { Module } from '@ashlar/resp-server'
import { expect, test, vi } from 'vitest'
import {
  Group,
  type Node,
  roleOf,
  run,
  syncs,
  untilPrimary,
  untilReplicated,
} from '../support/group.ts'
import { type Mirror, mirrorModule } from '../support/mirror-module.ts'
import { CommandGenerator } from '../support/random-commands.ts'
import { shelfModule, shelfType } from '../support/shelf-module.ts'

/** MODULE_SEEDS=200 for a long run. */
const SEEDS = Number(process.env['MODULE_SEEDS'] ?? 2)

/** Long, where no primary is cut off: a busy machine must not take it away. */
const LEASE_MS = 10_000

interface MirrorNode extends Node {
  readonly mirror: Mirror
}

async function start(
  group: Group,
  name: string,
  storeOptions: Parameters<Group['start']>[1] = {},
): Promise<MirrorNode> {
  const mirror = mirrorModule()
  const node = await group.start(name, storeOptions, { modules: [mirror.module] })
  return { ...node, mirror }
}

/** The node that is the primary; another may become it meanwhile. */
async function primaryOf<N extends Node>(nodes: readonly N[]): Promise<N> {
  for (const node of nodes) if ((await roleOf(node)) === 'master') return node
  throw new Error('nobody is the primary')
}

/** What a module derived is the same on all nodes, and as if it were derived from scratch. */
async function expectSame(...nodes: MirrorNode[]): Promise<void> {
  await expect
    .poll(() => differences(nodes).catch(String), { timeout: 10_000, interval: 50 })
    .toEqual([])
}

async function differences(nodes: readonly MirrorNode[]): Promise<unknown[]> {
  await untilReplicated(await primaryOf(nodes), nodes.length - 1)
  for (const { mirror } of nodes) await mirror.idle()
  const found: unknown[] = []
  const expected = new Map(await (nodes[0] as MirrorNode).mirror.rebuilt())
  for (const { name, mirror } of nodes) {
    for (const [kind, entries] of [
      ['rebuilt', await mirror.rebuilt()],
      ['derived', mirror.entries()],
    ] as const) {
      const left = new Map(expected)
      for (const [at, text] of entries) {
        if (left.get(at) !== text) found.push([name, kind, at, text, left.get(at)])
        left.delete(at)
      }
      for (const [at, text] of left) found.push([name, kind, at, undefined, text])
    }
  }
  return found
}

async function trio(group: Group): Promise<[MirrorNode, MirrorNode, MirrorNode]> {
  const a = await start(group, 'a')
  await untilPrimary(a)
  await run(a, 'SET k0 before')
  await run(a, 'MIRROR.DEFINE k')
  return [a, await start(group, 'b'), await start(group, 'c')]
}

test('what a module derives from keys follows, of values in memory and of values in the store', async () => {
  await using group = new Group(LEASE_MS)
  const [a, b, c] = await trio(group)
  await expectSame(a, b, c)
  for (const command of ['SET k1 one', 'HSET k2 f 1', 'RPUSH k3 a', 'MIRROR.PUT k4 n text']) {
    await run(a, command)
  }
  await expectSame(a, b, c)
  await run(b, 'HGETALL k2')
  for (const command of ['HSET k2 g 2', 'APPEND k1 more', 'MIRROR.PUT k4 m other', 'SET x 1']) {
    await run(a, command)
  }
  await run(a, 'PEXPIRE k1 100000')
  await run(a, 'RENAME k2 k5')
  await run(a, 'DEL k3')
  await expectSame(a, b, c)
  expect(c.mirror.entries().map(([at]) => at)).toEqual(['0 k0', '0 k1', '0 k4', '0 k5'])
  expect(JSON.parse(String(await run(c, 'MIRROR.LIST')))).toEqual(a.mirror.entries())
})

test('databases that are emptied and exchanged within one commit', async () => {
  await using group = new Group(LEASE_MS)
  const [a, b, c] = await trio(group)
  const client = a.server.createClient()
  const inOne = async (...commands: string[]): Promise<void> => {
    await client.execute(['MULTI'])
    for (const command of commands) await client.execute(command.split(' '))
    await client.execute(['EXEC'])
    await client.execute(['SELECT', '0'])
    await expectSame(a, b, c)
  }
  await inOne('SET k1 0', 'SELECT 1', 'SET k1 1', 'SET k2 1', 'SELECT 2', 'HSET k3 f 2')
  await inOne('SET k4 0', 'SWAPDB 0 1', 'SET k5 0')
  await inOne('SWAPDB 0 1', 'SWAPDB 1 2', 'HSET k6 f 1')
  await inOne('SELECT 1', 'SET k7 1', 'FLUSHDB', 'SET k8 1', 'SWAPDB 1 3')
  await inOne('FLUSHALL', 'SET k9 0', 'SELECT 5', 'SET k9 5')
  await inOne('SET k1 0', 'SWAPDB 0 5', 'FLUSHDB')
  expect(b.mirror.entries().map(([at]) => at)).toEqual(['5 k1', '5 k9'])
  client.close()
})

test('records of a module follow, and a snapshot replaces everything', async () => {
  await using group = new Group(LEASE_MS)
  const a = await start(group, 'a', { changeRetentionBytes: 0, memtableBytes: 64 * 1024 })
  await untilPrimary(a)
  await run(a, 'MIRROR.DEFINE k')
  const b = await start(group, 'b')
  for (const key of ['k1', 'j1', 'j2']) await run(a, `HSET ${key} f 1`)
  await expectSame(a, b)
  await run(a, 'MIRROR.DEFINE j')
  await run(a, 'HSET j2 f 2')
  await expectSame(a, b)
  await run(a, 'MIRROR.UNDEFINE k')
  await expectSame(a, b)
  expect(b.mirror.entries().map(([at]) => at)).toEqual(['0 j1', '0 j2'])
  expect(() => b.mirror.host.records.set('prefix:x', '')).toThrow('READONLY')
  const [, , , , place] = (await run(b, 'ROLE')) as number[]
  await group.stop(b)
  await run(a, 'DEL j1')
  await run(a, 'MIRROR.UNDEFINE j')
  await run(a, 'MIRROR.DEFINE new')
  for (let n = 0; a.store.oldestChange <= (place as number); n += 1) {
    await a.server.execute(['SET', `new${n % 20}`, 'x'.repeat(10_000)])
    if (n % 20 === 0) await a.store.flush()
    expect(n).toBeLessThan(1000)
  }
  const again = await start(group, 'b')
  await expectSame(a, again)
  expect(again.mirror.replacements).toBe(1)
})

test('a replica that starts anew goes on where it was, though nothing of it is in memory', async () => {
  await using group = new Group(LEASE_MS)
  const [a, b, c] = await trio(group)
  await run(a, 'HSET k1 f 1')
  await expectSame(a, b, c)
  await group.stop(b)
  await run(a, 'HSET k1 f 2')
  const again = await start(group, 'b')
  await expectSame(a, again, c)
  expect(again.mirror.replacements).toBe(0)
  expect(await syncs(a)).toEqual({ full: 2, partial: 1 })
})

test('what went by without names of keys comes as a snapshot when a module is added', async () => {
  await using group = new Group(LEASE_MS)
  const plain = await group.start('a')
  await untilPrimary(plain)
  const b = await group.start('b')
  await run(plain, 'HSET k1 f 1')
  await untilReplicated(plain)
  await group.stop(b)
  // one change of an element that tells no key
  await run(plain, 'HSET k1 f 2')
  await group.stop(plain)
  const a = await start(group, 'a')
  await untilPrimary(a)
  await run(a, 'MIRROR.DEFINE k')
  const again = await start(group, 'b')
  await expectSame(a, again)
  expect(again.mirror.replacements).toBe(1)
  await run(a, 'HSET k1 f 3')
  await expectSame(a, again)
})

test('a listener that comes late costs a snapshot and misses nothing', async () => {
  await using group = new Group(LEASE_MS)
  const a = await group.start('a')
  await untilPrimary(a)
  await run(a, 'HSET k1 f 1')
  let listen: (() => void) | undefined
  const heard: string[] = []
  const late: Module = {
    name: 'late',
    version: 1,
    start(host) {
      listen = () => host.onChange({ after: (key) => heard.push(key) })
      host.onReplace(() => heard.push('all'))
    },
  }
  await group.start('b', {}, { modules: [late] })
  await untilReplicated(a)
  heard.length = 0
  listen?.()
  await expect.poll(() => heard).toEqual(['all'])
  await run(a, 'HSET k1 f 2')
  await untilReplicated(a)
  expect(heard).toEqual(['all', 'k1'])
})

test('before a key goes its value can be read, on a replica too', async () => {
  await using group = new Group(LEASE_MS)
  const before: string[] = []
  const module: Module = {
    name: 'probe',
    version: 1,
    start: (host) =>
      host.onChange({
        before: (key, keys) =>
          before.push(
            `${key}=${keys.type(key) === 'hash' ? keys.hash(key)?.get('f') : keys.string(key)}`,
          ),
        after: () => {},
      }),
  }
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b', {}, { modules: [module] })
  const long = 'k'.repeat(70_000)
  for (const command of ['HSET h f 1', 'HSET g f 2', 'SET s text', `SET ${long} long`]) {
    await run(a, command)
  }
  await untilReplicated(a)
  before.length = 0
  for (const command of [
    'HSET h f 3',
    'PEXPIRE s 100000',
    'RENAME h g',
    'SET g x',
    `DEL s ${long}`,
  ]) {
    await run(a, command)
    await untilReplicated(a)
  }
  expect(before).toEqual(['h=3', 'g=2', 'g=3', 's=text', `${long}=long`].sort(bySource(before)))
  expect(await run(b, 'DBSIZE')).toBe(1)
})

test('a module on a replica hears of a hash that was set to what it holds', async () => {
  await using group = new Group(LEASE_MS)
  const changed: string[] = []
  const module: Module = {
    name: 'probe',
    version: 1,
    start: (host) => host.onChange({ after: (key) => changed.push(key) }),
  }
  const a = await group.start('a')
  await untilPrimary(a)
  await group.start('b', {}, { modules: [module] })
  await run(a, 'HSET h f 1')
  await untilReplicated(a)
  changed.length = 0
  // nothing of it is stored, but what it is called
  await run(a, 'HSET h f 1')
  await expect.poll(() => changed, { timeout: 5000, interval: 20 }).toEqual(['h'])
})

/** Within one commit the order is that of the store. */
const bySource = (order: readonly string[]) => (x: string, y: string) =>
  order.indexOf(x) - order.indexOf(y)

test('a module is told its role, and only the primary does work that writes', async () => {
  await using group = new Group(LEASE_MS)
  const roles: string[] = []
  const worker = (name: string): Module => ({
    name: 'worker',
    version: 1,
    start(host) {
      const beat = (): void => {
        host.setTimer(5, (keys) => {
          keys.setString(`beat:${name}`, '1')
          beat()
        })
      }
      host.onRole((isPrimary) => {
        roles.push(`${name} ${isPrimary}`)
        expect(host.isPrimary).toBe(isPrimary)
        if (isPrimary) {
          host.perform((keys) => keys.setString('leader', name))
          beat()
        }
      })
      roles.push(`${name} starts ${host.isPrimary}`)
      beat()
    },
  })
  const a = await group.start('a', {}, { modules: [worker('a')] })
  await untilPrimary(a)
  const b = await group.start('b', {}, { modules: [worker('b')] })
  await expect.poll(() => run(b, 'GET beat:a')).toBe('1')
  expect(await run(b, 'GET leader')).toBe('a')
  await run(a, 'DEL beat:b')
  expect(await run(a, 'FAILOVER')).toBe('OK')
  await untilPrimary(b)
  await expect.poll(() => run(a, 'GET beat:b')).toBe('1')
  expect(await run(a, 'GET leader')).toBe('b')
  expect(roles).toEqual(['a starts false', 'a true', 'b starts false', 'a false', 'b true'])
})

test('a timer of a primary that takes no writes for the moment is put off', async () => {
  await using group = new Group(LEASE_MS)
  let isDone = false
  const module: Module = {
    name: 'worker',
    version: 1,
    start: (host) =>
      host.onRole(() =>
        host.setTimer(1, () => {
          isDone = true
        }),
      ),
  }
  const a = await group.start('a', {}, { modules: [module] })
  await run(a, 'CONFIG SET min-replicas-to-write 1')
  await untilPrimary(a)
  await expect(run(a, 'SET n 1')).rejects.toThrow('NOREPLICAS')
  expect(isDone).toBe(false)
  await run(a, 'CONFIG SET min-replicas-to-write 0')
  await expect.poll(() => isDone).toBe(true)
})

test('a module reads on a replica and is refused what writes', async () => {
  await using group = new Group(LEASE_MS)
  const type = shelfType()
  const errors: string[] = []
  const attempt = (work: () => unknown): void => {
    try {
      work()
      errors.push('done')
    } catch (error) {
      errors.push(String(error).slice(0, 20))
    }
  }
  const shelf = shelfModule({ type })
  const module: Module = {
    ...shelf,
    commands: [
      ...(shelf.commands ?? []),
      {
        name: 'shelf.cheat',
        arity: 2,
        flags: ['readonly'],
        summary: 'Writes though it says that it does not.',
        handler(call, [, key = '']) {
          const found = call.keys.open(key, type)
          attempt(() => call.execute(['SET', 'other', '1']))
          attempt(() => call.keys.setString('other', '1'))
          attempt(() => call.keys.remove(key))
          attempt(() => call.keys.setExpiry(key, 1))
          attempt(() => found.create())
          found.value?.set('name', 'cheated')
          attempt(() => found.changed('shelf.cheat', ['name']))
          call.reply.bulk(found.value?.get('name') ?? '')
        },
      },
    ],
  }
  let host: Parameters<NonNullable<Module['start']>>[0] | undefined
  const onB: Module = {
    ...module,
    start(given) {
      host = given
    },
  }
  const a = await group.start('a', {}, { modules: [module] })
  await untilPrimary(a)
  const b = await group.start('b', {}, { modules: [onB] })
  await run(a, 'SHELF.SET s name true')
  await untilReplicated(a)
  expect(await run(b, 'SHELF.CHEAT s')).toBe('true')
  expect(errors).toEqual(new Array(6).fill('ReplyError: READONLY'))
  await expect(run(b, 'SHELF.SET s name x')).rejects.toThrow('READONLY')
  expect(() => host?.perform(() => {})).toThrow('READONLY')
  expect(host?.read((keys) => keys.open('s', type).value?.get('name'))).toBe('true')
  expect(() => host?.read((keys) => keys.setString('s', '1'))).toThrow('READONLY')
  expect(await run(b, 'DBSIZE')).toBe(1)
  // and on a primary, where a read is one too
  expect(await run(a, 'SHELF.CHEAT s')).toBe('cheated')
})

test('a value of a module takes changes over in place, or is let go of and read again', async () => {
  await using group = new Group(LEASE_MS)
  const told: string[] = []
  const freed: string[] = []
  const withChanges = shelfModule({
    type: {
      ...shelfType(2, freed),
      changeRecord(shelf, record, stored, version) {
        told.push(`${record} ${stored} ${version}`)
        if (stored === 'v2:bad') throw new Error('a defect')
        if (stored === undefined) shelf.delete(record)
        else shelf.set(record, stored.slice(3))
      },
    },
  })
  const a = await group.start('a', {}, { modules: [shelfModule()] })
  await untilPrimary(a)
  const b = await group.start('b', {}, { modules: [withChanges] })
  const freedOnC: string[] = []
  const c = await group.start('c', {}, { modules: [shelfModule({ type: shelfType(2, freedOnC) })] })
  await run(a, 'SHELF.SET s one 1')
  await untilReplicated(a, 2)
  for (const node of [b, c]) expect(await run(node, 'SHELF.GET s one')).toBe('1')
  for (const command of ['SHELF.SET s two 2', 'SHELF.DEL s one']) {
    await run(a, command)
    await untilReplicated(a, 2)
    for (const node of [b, c]) {
      expect(await run(node, 'SHELF.GET s one')).toBe(await run(a, 'SHELF.GET s one'))
      expect(await run(node, 'SHELF.GET s two')).toBe('2')
    }
  }
  expect(told).toEqual(['two v2:2 2', 'one undefined 2'])
  expect(freed).toEqual([])
  expect(freedOnC).toEqual(['one', 'one,two'])
  await run(a, 'SHELF.SET s two bad')
  await untilReplicated(a, 2)
  expect(freed).toEqual(['two'])
  expect(await run(b, 'SHELF.GET s two')).toBe('bad')
  await run(a, 'DEL s')
  await untilReplicated(a, 2)
  expect(freed).toEqual(['two', 'two'])
})

test('a node without the modules of its primary, or with older ones, neither follows nor takes over', async () => {
  await using group = new Group(LEASE_MS)
  const a = await start(group, 'a')
  await untilPrimary(a)
  await run(a, 'MIRROR.PUT s n text')
  const newer = mirrorModule(2)
  const b = await group.start('b', {}, { modules: [newer.module] })
  await untilReplicated(a)
  await group.stop(b)
  const without = await group.start('b')
  const older = await group.start('c', {}, { modules: [mirrorModule(0).module] })
  await expect.poll(() => group.logged('b')).toContain("lacks module 'mirror' 1 of its primary")
  await expect
    .poll(() => group.logged('c'))
    .toContain("has module 'mirror' 0, which is older than its primary's 1")
  await expect
    .poll(() => run(without, 'INFO replication'))
    .toContain("ashlar_link_error:this server lacks module 'mirror' 1 of its primary")
  expect(await run(older, 'INFO replication')).toContain('master_link_status:down')
  await group.stop(a)
  await expect.poll(() => group.logged('b')).toContain('this node cannot be the primary')
  expect(await roleOf(without)).toBe('slave')
  await group.stop(without)
  const again = await group.start('b', {}, { modules: [newer.module] })
  await untilPrimary(again)
  expect(await run(again, 'TYPE s')).toBe('testshelf')
})

test('in a cluster a module has the keys of its slots, also when a slot moves', async () => {
  await using group = new Group(LEASE_MS)
  const startIn = async (name: string, shard: string): Promise<MirrorNode> => {
    const mirror = mirrorModule()
    const options = { group: shard, cluster: true, modules: [mirror.module] }
    return { ...(await group.start(name, {}, options)), mirror }
  }
  const a = await startIn('a', 'left')
  const b = await startIn('b', 'right')
  await Promise.all([untilPrimary(a), untilPrimary(b)])
  await run(a, 'CLUSTER ADDSLOTSRANGE 0 8191')
  await run(b, 'CLUSTER ADDSLOTSRANGE 8192 16383')
  for (const node of [a, b]) {
    await expect.poll(() => run(node, 'CLUSTER INFO')).toContain('cluster_state:ok')
    await run(node, 'MIRROR.DEFINE ')
  }
  const replica = await startIn('c', 'right')
  await run(a, 'MIRROR.PUT {bar}1 n text')
  await run(a, 'HSET {bar}2 f v')
  await expect(run(b, 'MIRROR.PUT {bar}3 n text')).rejects.toThrow('MOVED 5061')
  await expectSame(a)
  expect(a.mirror.entries()).toHaveLength(2)
  const idA = String(await run(a, 'CLUSTER MYID'))
  const idB = String(await run(b, 'CLUSTER MYID'))
  await run(b, `CLUSTER SETSLOT 5061 IMPORTING ${idA}`)
  await run(a, `CLUSTER SETSLOT 5061 MIGRATING ${idB}`)
  const { port } = b.server.address
  await run(a, `MIGRATE 127.0.0.1 ${port}  0 5000 KEYS {bar}1 {bar}2`)
  await run(b, `CLUSTER SETSLOT 5061 NODE ${idB}`)
  await expectSame(a)
  await expectSame(b, replica)
  expect(a.mirror.entries()).toEqual([])
  expect(replica.mirror.entries()).toHaveLength(2)
})

/** Random commands, with some of the module's own and of what concerns whole databases. */
function randomCommands(seed: string): () => string[] {
  const generator = new CommandGenerator(seed)
  const random = seededRandom(`${seed} own`)
  const below = (limit: number): number => Math.floor(random.next() * limit)
  return () => {
    const chance = random.next()
    const key = `${'shSz'[below(4)]}${below(6)}`
    if (chance < 0.02) return [`MIRROR.${below(3) === 0 ? 'UN' : ''}DEFINE`, key.slice(0, 1)]
    if (chance < 0.12)
      return ['MIRROR.PUT', `p${below(4)}`, `${below(3)}`, below(3) ? 'x'.repeat(below(9)) : '']
    if (chance < 0.14) return ['SWAPDB', `${below(3)}`, `${below(3)}`]
    if (chance < 0.16) return ['SELECT', `${below(3)}`]
    if (chance < 0.165) return ['FLUSHDB']
    if (chance < 0.2) return [below(2) ? 'RENAME' : 'COPY', key, `${'shSz'[below(4)]}${below(6)}`]
    if (chance < 0.23) return ['PEXPIRE', key, `${1 + below(30)}`]
    return generator.next()
  }
}

test.each(Array.from({ length: SEEDS }, (_, index) => `modules ${index}`))(
  'random writes, power cuts and failovers: an index is as one built anew (%s)',
  async (seed) => {
    await using group = new Group(500)
    const next = randomCommands(seed)
    const random = seededRandom(`${seed} events`)
    const nodes = new Map<string, MirrorNode>()
    for (const name of ['a', 'b', 'c']) nodes.set(name, await start(group, name))
    const untilSomebody = (): Promise<MirrorNode> =>
      vi.waitFor(() => primaryOf([...nodes.values()]), { timeout: 10_000, interval: 10 })
    // who has just become the primary may have lost its lease already on a busy machine
    const write = (text: string): Promise<unknown> =>
      vi.waitFor(async () => run(await untilSomebody(), text), { timeout: 10_000, interval: 20 })
    for (const prefix of ['h', 'p', 's']) await write(`MIRROR.DEFINE ${prefix}`)
    for (let round = 0; round < ROUNDS; round += 1) {
      const primary = await untilSomebody()
      await writeAtRandom(primary, next, [...nodes.values()])
      if (round % 2 === 0) await expectSame(...nodes.values())
      nodes.delete(primary.name)
      if (random.next() < 0.5) await group.cut(primary)
      else await group.stop(primary)
      await write('SET h0 after')
      nodes.set(primary.name, await start(group, primary.name))
      await expectSame(...nodes.values())
    }
  },
  60_000,
)

const WRITES = 400
const ROUNDS = 3

async function writeAtRandom(
  primary: Node,
  next: () => string[],
  nodes: readonly Node[],
): Promise<void> {
  const client = primary.server.createClient()
  for (let count = 0; count < WRITES; count += 1) {
    const request = next()
    // what waits, and what is not about keys
    if (/^(B|WAIT|XREAD)/i.test(request[0] ?? '')) continue
    await client.execute(request).catch(() => undefined)
    // values leave the memory of replicas, some come back
    if (count % 37 !== 0) continue
    for (const node of nodes) {
      const asked = [`HGETALL h${count % 6}`]
      if (count % 2 === 0 && node !== primary) asked.unshift('DEBUG RELOAD')
      for (const text of asked) await run(node, text).catch(() => undefined)
    }
  }
  client.close()
}
