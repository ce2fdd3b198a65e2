import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { applyArguments, applyConfigText } from '../src/config/command-line.ts'
import { defaultSettings } from '../src/config/settings.ts'
import { RawClient } from './support/raw-client.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const port = (server: RespServer): number => server.address.port as number

test('denials are logged, and like ones counted', async () => {
  await using server = await createServer({ port: 0 })
  const client = await RawClient.connect(port(server))
  await client.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '+get', '+multi', '+exec', '~a*')
  await client.call('AUTH', 'limited', 'secret')
  for (const key of ['b', 'b', 'c']) await client.call('GET', key)
  await client.call('SET', 'a', '1')
  await client.call('AUTH', 'limited', 'wrong')
  const log = (await server.execute(['ACL', 'LOG'])) as Map<string, unknown>[]
  const facts = log.map((entry) =>
    ['reason', 'object', 'username', 'count'].map((f) => entry.get(f)),
  )
  expect(facts).toEqual([
    ['auth', 'AUTH', 'limited', 1],
    ['command', 'set', 'limited', 1],
    ['key', 'c', 'limited', 1],
    ['key', 'b', 'limited', 2],
  ])
  client.close()
})

test('rules that change between MULTI and EXEC hold for what was queued', async () => {
  await using server = await createServer({ port: 0 })
  const client = await RawClient.connect(port(server))
  await client.call('MULTI')
  await client.call('SET', 'a', '1')
  await client.call('SET', 'b', '2')
  await server.execute(['ACL', 'SETUSER', 'default', 'resetkeys', '~a'])
  expect(await client.call('EXEC')).toMatch(/^\*2\r\n\+OK\r\n-NOPERM ACLs rules changed/)
  expect(await server.execute(['EXISTS', 'a', 'b'])).toBe(1)
  client.close()
})

test('a removed user is cut off, a listener to a channel taken away too', async () => {
  await using server = await createServer({ port: 0 })
  const [listener, other] = [
    await RawClient.connect(port(server)),
    await RawClient.connect(port(server)),
  ]
  await server.execute(['ACL', 'SETUSER', 'u', 'on', 'nopass', '+@all', '&news', '&more'])
  for (const client of [listener, other]) await client.call('AUTH', 'u', 'x')
  await listener.call('SUBSCRIBE', 'news')
  await server.execute(['ACL', 'SETUSER', 'u', 'resetchannels', '&news'])
  await server.execute(['PUBLISH', 'news', 'still'])
  expect(await listener.next()).toContain('still')
  await server.execute(['ACL', 'SETUSER', 'u', 'resetchannels', '&more'])
  expect(await listener.next()).toBe('closed')
  await server.execute(['ACL', 'DELUSER', 'u'])
  expect(await other.next()).toBe('closed')
})

test('users are kept in the ACL file, which is taken whole or not at all', async () => {
  using folder = temporaryFolder()
  const aclfile = join(folder.path, 'users.acl')
  writeFileSync(aclfile, 'user ada on >secret ~a* +@read\n')
  const config = { aclfile }
  await using server = await createServer({ config })
  expect(await server.execute(['ACL', 'USERS'])).toEqual(['ada', 'default'])
  await server.execute(['ACL', 'SETUSER', 'bob', 'on', 'nopass', '(+get ~b*)'])
  await server.execute(['ACL', 'SAVE'])
  expect(readFileSync(aclfile, 'utf8')).toContain('user bob on nopass resetchannels -@all (')
  writeFileSync(aclfile, 'user ada on\nuser eve +nosuch\n')
  await expect(server.execute(['ACL', 'LOAD'])).rejects.toThrow('Unknown command')
  expect(await server.execute(['ACL', 'USERS'])).toEqual(['ada', 'bob', 'default'])
  await expect(createServer({ config })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('the program that embeds the server is bound by no rule', async () => {
  await using server = await createServer({ requirePass: 'secret' })
  await server.execute(['ACL', 'SETUSER', 'default', 'off', '-@all', 'resetkeys'])
  expect(await server.execute(['SET', 'a', '1'])).toBe('OK')
})

test('a configuration that has a user twice, or values too many, is refused, with the line', () => {
  const settings = defaultSettings()
  const lines = 'user ann on nopass ~* +@all\nuser bob off\nuser ann on nopass +get\n'
  expect(() => applyConfigText(settings, lines, 'redis.conf')).toThrow(
    /^redis\.conf:3: .*Duplicate user found/,
  )
  expect(() => applyArguments(settings, ['--user', 'bob'])).toThrow(/Duplicate user found/)
  applyArguments(settings, ['--maxmemory 700mb', '--maxmemory-policy allkeys-lru', '--port', '7'])
  expect(settings).toMatchObject({ maxmemory: 700 * 1024 * 1024, port: 7 })
  // what is one value takes no more, instead of leaving the others out
  const port = /'port "6379" "6380"': wrong number of arguments/
  expect(() => applyArguments(settings, ['--port', '6379', '6380'])).toThrow(port)
  expect(() => applyArguments(settings, ['--port'])).toThrow(/'port': wrong number of arguments/)
})

test('a subscriber that may not listen any more is gone from the list at once', async () => {
  await using server = await createServer({ port: 0 })
  await server.execute(['ACL', 'SETUSER', 'ann', 'on', 'nopass', '+@all', 'resetchannels', '&news'])
  const client = await RawClient.connect(port(server))
  await client.call('AUTH', 'ann', 'x')
  await client.call('SUBSCRIBE', 'news')
  expect(await server.execute(['CLIENT', 'LIST'])).toContain('user=ann')
  const revoked = server.execute(['ACL', 'SETUSER', 'ann', 'resetchannels'])
  const list = server.execute(['CLIENT', 'LIST'])
  expect(await revoked).toBe('OK')
  expect(await list).not.toContain('user=ann')
  expect(await client.next()).toBe('closed')
})
