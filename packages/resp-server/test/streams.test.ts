import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sendAndWait } from './support/blocked.ts'
import { RawClient } from './support/raw-client.ts'

const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))

describe('streams', () => {
  let server: RespServer
  let waiter: RawClient

  beforeAll(async () => {
    server = await createServer({ port: 0 })
    waiter = await RawClient.connect(server.address.port as number)
  })

  beforeEach(() => server.execute(['FLUSHALL']))

  afterAll(async () => {
    waiter.close()
    await server.close()
  })

  test('XREAD waits for entries behind $, and only for those', async () => {
    await run(server, 'XADD s 1-1 a 1')
    const { reply } = await sendAndWait(
      server,
      waiter,
      ...'XREAD BLOCK 0 STREAMS s t $ $'.split(' '),
    )
    await run(server, 'SADD t x')
    await run(server, 'XADD s 2-1 b 2')
    expect(await reply).toBe(
      '*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n',
    )
  })

  test('XREADGROUP waits for entries that nobody in the group has got', async () => {
    await run(server, 'XGROUP CREATE s g $ MKSTREAM')
    const { reply } = await sendAndWait(
      server,
      waiter,
      ...'XREADGROUP GROUP g ada BLOCK 0 STREAMS s >'.split(' '),
    )
    await run(server, 'XADD s 5 k v')
    expect(await reply).toContain('5-0')
    expect(await run(server, 'XPENDING s g')).toEqual([1, '5-0', '5-0', [['ada', '1']]])
    expect(await run(server, 'XACK s g 5-0 6-0')).toBe(1)
  })

  test.each([
    ['the stream', 'DEL s', '-UNBLOCKED the stream key no longer exists'],
    ['its type', 'SET s x', '-UNBLOCKED the stream key no longer exists'],
    ['the group', 'XGROUP DESTROY s g', '-NOGROUP the consumer group this client was blocked on'],
    ['the database', 'FLUSHALL', '-UNBLOCKED the stream key no longer exists'],
  ])('who waits in a group is told when %s goes', async (_, command, error) => {
    await run(server, 'XGROUP CREATE s g $ MKSTREAM')
    const request = 'XREADGROUP GROUP g ada BLOCK 0 STREAMS s >'.split(' ')
    const { reply } = await sendAndWait(server, waiter, ...request)
    await run(server, command)
    expect(await reply).toContain(error)
  })

  test('XAUTOCLAIM hands over what is there and forgets what was deleted', async () => {
    await run(server, 'XGROUP CREATE s g 0 MKSTREAM')
    for (const id of ['1-0', '2-0', '3-0']) await run(server, `XADD s ${id} k v`)
    await run(server, 'XREADGROUP GROUP g ada STREAMS s >')
    await run(server, 'XDEL s 2-0')
    expect(await run(server, 'XAUTOCLAIM s g bob 0 0 COUNT 2')).toEqual([
      '3-0',
      [['1-0', ['k', 'v']]],
      ['2-0'],
    ])
    expect(await run(server, 'XAUTOCLAIM s g bob 0 3-0 JUSTID')).toEqual(['0-0', ['3-0'], []])
  })

  test('a consumer exists once it has asked, also when there was nothing', async () => {
    await run(server, 'XGROUP CREATE s g $ MKSTREAM')
    expect(await run(server, 'XREADGROUP GROUP g ada STREAMS s >')).toBeUndefined()
    const [consumer] = (await run(server, 'XINFO CONSUMERS s g')) as Map<string, unknown>[]
    expect(consumer?.get('name')).toBe('ada')
    expect(consumer?.get('inactive')).toBe(-1)
  })

  test('XREAD + answers the last entry', async () => {
    for (const id of ['1-0', '2-0']) await run(server, `XADD s ${id} k v`)
    expect(await run(server, 'XREAD STREAMS s +')).toEqual(new Map([['s', [['2-0', ['k', 'v']]]]]))
  })

  test('entries of one moment are numbered, and * begins a stream', async () => {
    const script =
      "local ids = {} for n = 1, 3 do ids[n] = redis.call('XADD', 'new', '*', 'n', n) end return ids"
    const ids = (await server.execute(['EVAL', script, '0'])) as string[]
    const [moment] = (ids[0] as string).split('-')
    expect(ids).toEqual([`${moment}-0`, `${moment}-1`, `${moment}-2`])
    expect(await run(server, 'XLEN new')).toBe(3)
    await run(server, 'XADD new 99999999999999-7 n 4')
    expect(await run(server, 'XADD new * n 5')).toBe('99999999999999-8')
  })

  test('approximate trimming removes whole nodes, as Redis keeps them', async () => {
    await run(server, 'CONFIG SET stream-node-max-entries 10')
    for (let n = 1; n <= 55; n += 1) await run(server, `XADD s ${n} k v`)
    expect(await run(server, 'XTRIM s MAXLEN ~ 32')).toBe(20)
    expect(await run(server, 'XTRIM s MAXLEN ~ 0 LIMIT 15')).toBe(10)
    await run(server, 'CONFIG SET stream-node-max-entries 100')
  })
})

test('entries, groups, consumers and what is pending are there after a restart', async () => {
  const fileSystem = memoryFileSystem({ seed: 1 })
  const long = 'n'.repeat(70_000)
  // with the byte of its kind, and for a consumer two lengths, as long as an ID
  const names = ['g'.repeat(15), 'c'.repeat(10)] as const
  const questions = [
    'XRANGE s - +',
    'XINFO GROUPS s',
    'XPENDING s g',
    'XPENDING s g - + 10 bob',
    `XPENDING s ${long}`,
    `XPENDING s ${names[0]}`,
    'XINFO STREAM s',
    'XRANGE s 2 8 COUNT 3',
    'XLEN empty',
  ]
  const answers: unknown[][] = []
  for (let life = 0; life < 2; life += 1) {
    await using store = await Store.open('/db', { fileSystem })
    const server = await createServer({ store })
    if (life === 0) {
      await run(server, 'XGROUP CREATE s g 0 MKSTREAM')
      await run(server, `XGROUP CREATE s ${long} 0`)
      for (let n = 1; n <= 9; n += 1) await run(server, `XADD s ${n} n ${n}`)
      await run(server, 'XREADGROUP GROUP g ada COUNT 5 STREAMS s >')
      await run(server, `XREADGROUP GROUP ${long} ${long} COUNT 2 STREAMS s >`)
      await run(server, `XGROUP CREATE s ${names[0]} 0`)
      await run(server, `XREADGROUP GROUP ${names[0]} ada COUNT 3 STREAMS s >`)
      await run(server, `XGROUP CREATECONSUMER s g ${names[1]}`)
      await run(server, 'XCLAIM s g bob 0 2-0 3-0')
      await run(server, 'XACK s g 1-0')
      await run(server, 'XDEL s 7-0')
      await run(server, 'XADD empty 1 a b')
      await run(server, 'XTRIM empty MAXLEN 0')
      await server.execute(['SAVE'])
    }
    const found: unknown[] = []
    for (const question of questions) found.push(await run(server, question))
    answers.push(found.map((answer) => JSON.stringify(answer, replacer)))
    await server.close()
  }
  expect(answers[1]).toEqual(answers[0])
  expect(answers[0]?.[0]).toContain('9-0')
  expect(answers[0]?.[1]).toContain(names[0])
  // ada, bob and the one who only was created
  expect(answers[0]?.[1]).toContain('[["name","g"],["consumers",3]')
})

/** Maps as pairs; how long something has been pending left out. */
function replacer(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value]
  const isPending = Array.isArray(value) && value.length === 4 && typeof value[2] === 'number'
  return isPending ? [value[0], value[1], value[3]] : value
}
