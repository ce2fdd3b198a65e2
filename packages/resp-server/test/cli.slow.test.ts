import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer } from '@ashlar/resp-server'
import { freePort } from '@ashlar/transport/testing'
import { expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'
import { runCli, ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

test('--help and --version answer and end', async () => {
  const help = await runCli('--help')
  expect(help.code).toBe(0)
  expect(help.stdout).toContain('--appendfsync')
  const version = await runCli('--version')
  expect(version.stdout).toMatch(/^ashlar-resp \d+\.\d+\.\d+ \(speaks Redis 7\.4/)
})

test.each([
  [['--frobnicate', 'yes'], "unknown directive 'frobnicate'"],
  [['--port', 'abc'], "couldn't be parsed into an integer"],
  [['--appendfsync', 'sometimes'], 'must be one of the following'],
  [['/no/such/redis.conf'], 'cannot read configuration file'],
])('%j is refused with a reason and exit code 1', async (args, reason) => {
  const { code, stderr } = await runCli(...args)
  expect(code).toBe(1)
  expect(stderr).toContain(reason)
})

test('a configuration file, a Unix socket, and SIGTERM that loses nothing', async () => {
  using folder = temporaryFolder()
  const port = await freePort()
  const socket = join(folder.path, 'server.sock')
  const file = join(folder.path, 'redis.conf')
  writeFileSync(
    file,
    `# a comment\nport ${port}\nbind 127.0.0.1\ndir "${folder.path}"\nunixsocket ${socket}\n` +
      'requirepass "pass word"\nclient-output-buffer-limit pubsub 1mb 512kb 10\n',
  )
  const server = await ServerProcess.start(file, '--appendfsync', 'no')
  const overTcp = await RawClient.connect(port)
  expect(await overTcp.call('AUTH', 'pass word')).toBe('+OK\r\n')
  const overUnix = await RawClient.connect(socket)
  expect(await overUnix.call('AUTH', 'pass word')).toBe('+OK\r\n')
  expect(await overUnix.call('SET', 'over', 'unix')).toBe('+OK\r\n')
  expect(await overTcp.call('GET', 'over')).toBe('$4\r\nunix\r\n')
  expect(await overTcp.call('CONFIG', 'GET', 'client-output-buffer-limit')).toContain('1048576')
  expect(await server.stop('SIGTERM')).toBe(0)
  const again = await ServerProcess.start(file)
  const client = await RawClient.connect(port)
  await client.call('AUTH', 'pass word')
  expect(await client.call('GET', 'over')).toBe('$4\r\nunix\r\n')
  const exited = once(again.child, 'exit')
  client.write('*1\r\n$8\r\nSHUTDOWN\r\n')
  expect((await exited)[0]).toBe(0)
})

test('--http-port serves HTTP, --loadmodule loads modules, and their settings are in the file', async () => {
  using folder = temporaryFolder()
  const [port, httpPort] = [await freePort(), await freePort()]
  const module = join(folder.path, 'greet.mjs')
  writeFileSync(
    module,
    `export default () => ({
      name: 'greet', version: 1, parameters: [{ name: 'word', default: 'hello' }],
      commands: [{ name: 'greet', arity: 1, flags: ['fast'], summary: 'Greets.',
        handler: ({ host, reply }) => reply.bulk(host.parameter('word')) }],
    })`,
  )
  const file = join(folder.path, 'redis.conf')
  writeFileSync(file, `port ${port}\nappendonly no\nloadmodule ${module}\ngreet.word "good day"\n`)
  const server = await ServerProcess.start(file, '--http-port', String(httpPort))
  const answer = await fetch(`http://127.0.0.1:${httpPort}/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ command: ['GREET'] }),
  })
  expect(await answer.json()).toEqual({ reply: 'good day' })
  const client = await RawClient.connect(port)
  expect(await client.call('CONFIG', 'REWRITE')).toBe('+OK\r\n')
  expect(readFileSync(file, 'utf8')).toContain(`loadmodule ${module}\ngreet.word "good day"`)
  expect(await server.stop('SIGTERM')).toBe(0)
  const wrong = await runCli('--appendonly', 'no', '--loadmodule', join(folder.path, 'nothing.mjs'))
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot load') })
})

/** Runs one of Redis' own tools against a server. */
async function tool(name: string, ...args: string[]): Promise<string> {
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const [code] = (await once(child, 'close')) as [number]
  expect(code, output).toBe(0)
  return output
}

test('redis-cli and redis-benchmark work unmodified', async () => {
  using folder = temporaryFolder()
  const port = String(await freePort())
  const server = await ServerProcess.start('--port', port, '--dir', folder.path)
  expect(await tool('redis-cli', '-p', port, '-3', 'SET', 'a', '1')).toBe('OK\n')
  expect(await tool('redis-cli', '-p', port, 'INFO', 'server')).toContain('redis_version:7.4')
  expect(await tool('redis-cli', '-p', port, '--scan')).toBe('a\n')
  expect(await tool('redis-cli', '-p', port, '--bigkeys')).toContain('Biggest string found')
  const report = await tool(
    'redis-benchmark',
    '-p',
    port,
    '-n',
    '2000',
    '-r',
    '100',
    '-P',
    '4',
    '-q',
    '-t',
    'ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset',
  )
  for (const name of ['SET', 'GET', 'ZADD', 'MSET', 'LRANGE_100']) expect(report).toContain(name)
  expect(report).not.toMatch(/error|WARN/i)
  expect(await server.stop('SIGINT')).toBe(0)
})

test('--export-rdb writes what --import-rdb reads over what is there', async () => {
  using folder = temporaryFolder()
  const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')]
  const file = join(folder.path, 'all.rdb')
  for (const [dir, value] of [
    [from, 'new'],
    [to, 'old'],
  ] as const) {
    await using server = await createServer({ path: join(dir, 'ashlar-resp') })
    await server.execute(['MSET', 'shared', value, `only ${value}`, 'there'])
  }
  expect((await runCli('--dir', from, '--export-rdb', file)).code).toBe(0)
  const imported = await runCli('--dir', to, '--import-rdb', file)
  expect(imported.stdout).toContain(`${file}: 2 keys, 0 expired, 0 libraries`)
  await using server = await createServer({ path: join(to, 'ashlar-resp') })
  const keys = ['shared', 'only new', 'only old']
  expect(await server.execute(['MGET', ...keys])).toEqual(['new', 'there', 'there'])
  const missing = await runCli('--dir', to, '--import-rdb')
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('name of a file') })
})
