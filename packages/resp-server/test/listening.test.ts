import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { freePort } from '@ashlar/transport/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createServer, type RespServer } from '../src/index.ts'
import { RawClient } from './support/raw-client.ts'

async function open(host?: string): Promise<RespServer> {
  const server = await createServer({ port: 0, ...(host !== undefined && { host }) })
  onTestFinished(() => server.close())
  return server
}

async function connect(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  onTestFinished(() => client.close())
  return client
}

/** Whether anybody answers there. */
const answers = (port: number): Promise<boolean> =>
  RawClient.connect(port).then(
    async (client) => {
      const answer = await client.call('PING')
      client.close()
      return answer === '+PONG\r\n'
    },
    () => false,
  )

const portOf = (server: RespServer): number => server.address.port as number
const set = (server: RespServer, ...words: string[]): Promise<unknown> =>
  server.execute(['CONFIG', 'SET', ...words])

test('another port is listened on instead, and connections stay', async () => {
  const server = await open()
  const before = portOf(server)
  const client = await connect(before)
  const port = await freePort()
  expect(await client.call('CONFIG', 'SET', 'port', String(port))).toBe('+OK\r\n')
  expect(await client.call('PING')).toBe('+PONG\r\n')
  expect(await client.call('CONFIG', 'GET', 'port')).toContain(`\r\n${port}\r\n`)
  expect(portOf(server)).toBe(port)
  expect([await answers(before), await answers(port)]).toEqual([false, true])
  // 0: none, until there is one again
  await set(server, 'port', '0')
  expect(await answers(port)).toBe(false)
  expect(server.address).toEqual({})
  await set(server, 'port', String(before))
  expect(await answers(before)).toBe(true)
})

test('a port that is taken changes nothing, whatever else was to be set', async () => {
  const server = await open()
  const taken = createTcpServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as { port: number }
  await expect(set(server, 'maxclients', '32', 'port', String(port))).rejects.toThrow(
    "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
  )
  expect(await server.execute(['CONFIG', 'GET', 'maxclients'])).toEqual(
    new Map([['maxclients', '10000']]),
  )
  expect(await server.execute(['CONFIG', 'GET', 'port'])).toEqual(
    new Map([['port', String(portOf(server))]]),
  )
  expect(portOf(server)).not.toBe(port)
  expect(await answers(portOf(server))).toBe(true)
})

test('other addresses are bound at the same port, and those of before when that fails', async () => {
  const server = await open('127.0.0.1')
  const port = portOf(server)
  for (const bind of ['0.0.0.0', '127.0.0.1', '127.0.0.1 127.0.0.2', '127.0.0.2 127.0.0.1']) {
    await set(server, 'bind', bind)
    expect(await answers(port), bind).toBe(true)
    expect(portOf(server)).toBe(port)
  }
  // for documentation: nobody has it
  await expect(set(server, 'bind', '0.0.0.0 192.0.2.1')).rejects.toThrow(
    "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
  )
  expect(await server.execute(['CONFIG', 'GET', 'bind'])).toEqual(
    new Map([['bind', '127.0.0.2 127.0.0.1']]),
  )
  expect(await answers(port)).toBe(true)
})

test('changes that come at once are made one after the other', async () => {
  const server = await open('127.0.0.1')
  const [one, two] = [await freePort(), await freePort()]
  const settings = [
    ['port', String(one)],
    ['bind', '127.0.0.2 127.0.0.1'],
    ['port', String(two)],
    ['port', String(one)],
  ]
  const clients = settings.map(() => server.createClient())
  const changes = clients.map((client, at) =>
    client.execute(['CONFIG', 'SET', ...(settings[at] as string[])]),
  )
  await set(server, 'maxclients', '50')
  await Promise.all(changes)
  for (const client of clients) client.close()
  expect([await answers(one), await answers(two)]).toEqual([true, false])
  expect(server.address).toEqual({ host: '127.0.0.2', port: one })
  // what others set meanwhile stays
  expect(await server.execute(['CONFIG', 'GET', 'maxclients'])).toEqual(
    new Map([['maxclients', '50']]),
  )
})

test('within a transaction the server stays where it is', async () => {
  const server = await open()
  const client = await connect(portOf(server))
  await client.call('MULTI')
  await client.call('CONFIG', 'SET', 'port', String(await freePort()))
  expect(await client.call('EXEC')).toBe(
    "*1\r\n-ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config\r\n",
  )
  expect(await answers(portOf(server))).toBe(true)
})

test('a server that closes meanwhile listens on nothing', async () => {
  const server = await open()
  const port = await freePort()
  const change = set(server, 'port', String(port)).catch(() => 'closed')
  await server.close()
  await change
  expect(await answers(port)).toBe(false)
})
