import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '@ashlar/codec'
import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { CommandGenerator } from '../support/random-commands.ts'
import { RawClient } from '../support/raw-client.ts'
import { RealRedis } from '../support/redis-server.ts'
import { runCli, ServerProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const LIBRARY = "#!lua name=lib\nredis.register_function('answer', function() return 42 end)"

async function fill(client: RawClient): Promise<void> {
  const generator = new CommandGenerator('move', [
    'strings',
    'hashes',
    'lists',
    'sets',
    'sortedSets',
    'streams',
    'hyperLogLogs',
  ])
  for (let n = 0; n < 3_000; n += 1) await client.call(...generator.next())
  await client.call('SET', 'long', 'abcdefgh'.repeat(9_000))
  await client.call('PEXPIREAT', 'long', '9999999999999')
  await client.call('FUNCTION', 'LOAD', LIBRARY)
  await client.call('SELECT', '5')
  await client.call('SET', 'elsewhere', '5')
  await client.call('SELECT', '0')
}

/** Every key's type and dump, which are the same for the same contents within one server. */
async function digest(client: RawClient): Promise<Map<string, string>> {
  const reply = await client.call('KEYS', '*')
  const keys = reply
    .split('\r\n')
    .slice(1)
    .filter((part, at) => at % 2 === 1 && part !== '')
  const found = new Map<string, string>()
  for (const key of keys) {
    found.set(key, (await client.call('TYPE', key)) + (await client.call('PEXPIRETIME', key)))
  }
  return found
}

test('data moves in from redis-server, and out again', async () => {
  using theirs = temporaryFolder()
  using ours = temporaryFolder()
  const before = await RealRedis.start('--dir', theirs.path)
  const first = await RawClient.connect(before.port)
  await fill(first)
  const expected = await digest(first)
  expect(expected.size).toBeGreaterThan(25)
  await first.call('SAVE')
  first.close()
  await before.stop()

  copyFileSync(join(theirs.path, 'dump.rdb'), join(ours.path, 'dump.rdb'))
  const server = await ServerProcess.start('--port', '0', '--dir', ours.path)
  const second = await RawClient.connect(server.port)
  expect(await digest(second)).toEqual(expected)
  expect(await second.call('FCALL', 'answer', '0')).toBe(':42\r\n')
  await second.call('SET', 'made', 'here')
  second.close()
  await server.stop('SIGTERM')

  // the file is imported once: what was deleted since does not come back
  const again = await ServerProcess.start('--port', '0', '--dir', ours.path)
  const third = await RawClient.connect(again.port)
  expect(await third.call('GET', 'made')).toBe('$4\r\nhere\r\n')
  third.close()
  await again.stop('SIGTERM')

  const file = join(theirs.path, 'dump.rdb')
  const { code, stdout } = await runCli('--dir', ours.path, '--export-rdb', file)
  expect(stdout).toContain(file)
  expect(code).toBe(0)
  const after = await RealRedis.start('--dir', theirs.path)
  const fourth = await RawClient.connect(after.port)
  expect(await digest(fourth)).toEqual(expected.set('made', '+string\r\n:-1\r\n'))
  expect(await fourth.call('FCALL', 'answer', '0')).toBe(':42\r\n')
  await fourth.call('SELECT', '5')
  expect(await fourth.call('GET', 'elsewhere')).toBe('$1\r\n5\r\n')
  fourth.close()
  await after.stop()
})

test('a damaged file is refused, with its place', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'x.rdb')
  await using server = await createServer()
  for (let n = 0; n < 100; n += 1) await server.execute(['SET', `key:${n}`, `value ${n}`])
  expect(server.exportRdb(file)).toBe(readFileSync(file).length)
  const bytes = readFileSync(file)
  for (const at of [0, 7, 50, bytes.length >> 1, bytes.length - 3]) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] as number) ^ 0x55
    writeFileSync(file, damaged)
    await expect(server.importRdb(file)).rejects.toMatchObject({ code: 'RDB_INVALID' })
  }
  writeFileSync(file, bytes.subarray(0, bytes.length - 20))
  await expect(server.importRdb(file)).rejects.toMatchObject({ code: 'RDB_INVALID' })
  await server.execute(['FLUSHALL'])
  writeFileSync(file, bytes)
  expect(await server.importRdb(file)).toEqual({ keys: 100, expired: 0, libraries: 0 })
  expect(await server.execute(['GET', 'key:42'])).toBe('value 42')
})

test('a file that is larger than what is read of it at a time comes in whole', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'large.rdb')
  const config = { 'enable-debug-command': 'yes' }
  await using from = await createServer({ config })
  const random = seededRandom('windows')
  // strings, numbers and collections lie across the windows, and one string is more than a window
  for (let n = 0; n < 700; n += 1) {
    const text = Buffer.from(random.bytes(Math.floor(random.next() * 12_000))).toString('hex')
    await from.execute(['SET', `string:${n}`, text])
    await from.execute(['HSET', `hash:${n}`, 'field', text.slice(0, 3000), 'number', n * 70_000])
    await from.execute(['ZADD', `sorted:${n}`, n / 3, text.slice(0, 300), n, 'b'])
    await from.execute(['XADD', `stream:${n % 10}`, `${n + 1}-1`, 'f', text.slice(0, 200)])
  }
  await from.execute(['SET', 'longer', Buffer.alloc(9_000_000, 'abc')])
  expect(from.exportRdb(file)).toBeGreaterThan(12_000_000)
  await using to = await createServer({ config })
  expect(await to.importRdb(file)).toMatchObject({ expired: 0, libraries: 0 })
  expect(await to.execute(['DEBUG', 'DIGEST'])).toBe(await from.execute(['DEBUG', 'DIGEST']))
  // with tier, memory need not hold what comes in
  const tier = { maxmemory: '4mb', 'maxmemory-policy': 'tier', ...config }
  await using small = await createServer({ path: join(folder.path, 'store'), config: tier })
  await small.importRdb(file)
  // a command would make room by itself
  expect(small.metrics().usedBytes).toBeLessThan(6_000_000)
  expect(await small.execute(['DBSIZE'])).toBe(await from.execute(['DBSIZE']))
  expect(await small.execute(['DEBUG', 'DIGEST'])).toBe(await from.execute(['DEBUG', 'DIGEST']))
})
