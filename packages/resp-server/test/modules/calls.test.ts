import { VirtualClock } from '@ashlar/codec'
import { createServer, type Module, type ParkedClient, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { shelfModule } from '../support/shelf-module.ts'

const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))

/** PARK | LATER text | CALL command ... | BREAK */
function callModule(): Module & {
  readonly parked: ParkedClient[]
  readonly answers: (() => void)[]
} {
  const parked: ParkedClient[] = []
  const answers: (() => void)[] = []
  const base = { flags: ['blocking'] as const, summary: 'For tests.' }
  return {
    parked,
    answers,
    name: 'calls',
    version: 1,
    commands: [
      {
        ...base,
        name: 'calls.park',
        arity: 2,
        handler(call, [, timeoutMs]) {
          const one = call.park({
            timeoutMs: Number(timeoutMs),
            timedOut: () => call.reply.simple('too late'),
          })
          parked.push(one)
          answers.push(() => one.answer(() => call.reply.bulk('answered')))
        },
      },
      {
        ...base,
        name: 'calls.later',
        arity: 2,
        handler(call, [, text = '']) {
          const work = new Promise<string>((resolve, reject) => {
            answers.push(() => (text === 'fail' ? reject(new Error('it broke')) : resolve(text)))
          })
          call.waitFor(work, (result) => call.reply.bulk(result))
        },
      },
      {
        ...base,
        name: 'calls.call',
        arity: -2,
        handler(call, args) {
          const answer = call.execute(args.slice(1))
          call.reply.bulk(JSON.stringify(answer ?? null))
        },
      },
      {
        ...base,
        name: 'calls.break',
        arity: 1,
        handler: () => {
          throw new TypeError('a defect')
        },
      },
    ],
  }
}

test('a parked client is answered once, times out, or is unblocked', async () => {
  const clock = new VirtualClock({ startMs: 0 })
  const module = callModule()
  await using server = await createServer({ clock, modules: [module] })
  const client = server.createClient()
  const answered = client.execute(['CALLS.PARK', '0'])
  expect(module.parked[0]?.isWaiting).toBe(true)
  module.answers[0]?.()
  module.answers[0]?.()
  expect(await answered).toBe('answered')
  expect(module.parked[0]?.isWaiting).toBe(false)
  const late = client.execute(['CALLS.PARK', '100'])
  await clock.advance(101)
  expect(await late).toBe('too late')
  const unblocked = client.execute(['CALLS.PARK', '0'])
  const id = /id=(\d+)[^\n]*cmd=calls.park/.exec(String(await run(server, 'CLIENT LIST')))?.[1]
  expect(await run(server, `CLIENT UNBLOCK ${id} ERROR`)).toBe(1)
  await expect(unblocked).rejects.toThrow('UNBLOCKED')
  module.answers[2]?.()
  expect(await client.execute(['PING'])).toBe('PONG')
})

test('what settles later is the answer, an error too; nothing waits in transactions', async () => {
  const module = callModule()
  await using server = await createServer({ modules: [module] })
  const client = server.createClient()
  const good = client.execute(['CALLS.LATER', 'done'])
  module.answers[0]?.()
  expect(await good).toBe('done')
  const bad = client.execute(['CALLS.LATER', 'fail'])
  module.answers[1]?.()
  await expect(bad).rejects.toThrow('ERR it broke')
  await client.execute(['MULTI'])
  await client.execute(['CALLS.PARK', '0'])
  const [refused] = (await client.execute(['EXEC'])) as [Error]
  expect(refused.message).toMatch(/Blocking module command called from transaction/)
})

test("a command may run others, as its caller and with the caller's permissions", async () => {
  await using server = await createServer({ modules: [callModule()], port: 0 })
  await run(server, 'HSET h f v')
  expect(await run(server, 'CALLS.CALL HGET h f')).toBe('"v"')
  await run(server, 'RPUSH l 1 2')
  expect(await run(server, 'CALLS.CALL LRANGE l 0 -1')).toBe('["1","2"]')
  expect(await run(server, 'CALLS.CALL BLPOP nothing 0')).toBe('null')
  await expect(run(server, 'CALLS.CALL INCR h')).rejects.toThrow(/^WRONGTYPE/)
  await expect(run(server, 'CALLS.CALL SUBSCRIBE c')).rejects.toThrow('cannot be called')
  await expect(run(server, 'CALLS.CALL NOPE')).rejects.toThrow('unknown command')
  await run(server, 'ACL SETUSER small on nopass ~* +calls.call +get')
  const client = server.createClient()
  await client.execute(['AUTH', 'small', 'x'])
  expect(await client.execute(['CALLS.CALL', 'GET', 'a'])).toBe('null')
  await expect(client.execute(['CALLS.CALL', 'DEL', 'a'])).rejects.toThrow(/^NOPERM/)
})

test('a defect is an error reply, and the server lives on', async () => {
  await using server = await createServer({ modules: [callModule()] })
  await expect(run(server, 'CALLS.BREAK')).rejects.toThrow('internal error')
  expect(await run(server, 'PING')).toBe('PONG')
})

test('MODULE LIST, INFO, CONFIG, COMMAND and ACL show what modules add', async () => {
  await using server = await createServer({
    modules: [shelfModule()],
    config: { 'shelf.limit': '2' },
  })
  const [module] = (await run(server, 'MODULE LIST')) as Map<string, unknown>[]
  expect([module?.get('name'), module?.get('ver')]).toEqual(['shelf', 10_203])
  await run(server, 'SHELF.SET s a 1')
  await run(server, 'SHELF.SET s b 1')
  await expect(run(server, 'SHELF.SET s c 1')).rejects.toThrow('full')
  expect(await run(server, 'INFO modules')).toMatch(
    /module:name=shelf,ver=10203[\s\S]*# shelf_figures\r\nshelf_sets:2/,
  )
  expect(await run(server, 'INFO shelf_figures')).toBe('# shelf_figures\r\nshelf_sets:2\r\n')
  expect(await run(server, 'INFO')).not.toContain('shelf_sets')
  expect(await run(server, 'CONFIG GET shelf.*')).toEqual(
    new Map([
      ['shelf.limit', '2'],
      ['shelf.mode', 'plain'],
    ]),
  )
  await run(server, 'CONFIG SET shelf.limit 3')
  expect(await run(server, 'SHELF.SET s c 1')).toBe(3)
  await expect(run(server, 'CONFIG SET shelf.limit many')).rejects.toThrow('must be a number')
  await expect(run(server, 'CONFIG SET shelf.mode other')).rejects.toThrow('immutable')
  await expect(run(server, 'CONFIG SET shelf.nope 1')).rejects.toThrow('Unknown option')
  const docs = (await run(server, 'COMMAND DOCS shelf.set')) as Map<string, Map<string, unknown>>
  expect(docs.get('shelf.set')?.get('module')).toBe('shelf')
  expect(await run(server, 'COMMAND GETKEYS SHELF.SET k a b')).toEqual(['k'])
  expect(await run(server, 'COMMAND LIST FILTERBY MODULE shelf')).toHaveLength(3)
  expect(await run(server, 'ACL CAT shelves')).toEqual(['shelf.set', 'shelf.get', 'shelf.del'])
  await run(server, 'ACL SETUSER reader on nopass %R~s +@shelves')
  expect(await run(server, 'ACL DRYRUN reader SHELF.GET s a')).toBe('OK')
  expect(await run(server, 'ACL DRYRUN reader SHELF.SET s a b')).toMatch(/no permissions/)
})

test.each([
  ['a setting that no module has', { modules: [shelfModule()], config: { 'shelf.nope': '1' } }],
  ['a value that the module refuses', { modules: [shelfModule()], config: { 'shelf.limit': 'x' } }],
  ['a setting of a module that is not there', { config: { 'shelf.limit': '1' } }],
  ['one module twice', { modules: [shelfModule(), shelfModule()] }],
  ['a name that is none', { modules: [{ name: 'a b', version: 1 }] }],
  [
    'a command that exists',
    {
      modules: [
        {
          name: 'm',
          version: 1,
          commands: [{ name: 'get', arity: 1, flags: [], summary: '', handler: () => {} }],
        },
      ],
    },
  ],
  [
    'a syntax that cannot be read',
    {
      modules: [
        {
          name: 'm',
          version: 1,
          commands: [
            { name: 'm.x', arity: 1, syntax: '[a', flags: [], summary: '', handler: () => {} },
          ],
        },
      ],
    },
  ],
])('%s is refused at the start', async (_, options) => {
  await expect(createServer(options)).rejects.toThrow()
})
