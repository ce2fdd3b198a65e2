import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { createServer } from '../src/index.ts'
import { certificate } from './support/certificates.ts'
import { CommandGenerator } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const run = promisify(execFile)
const DEBUG = { 'enable-debug-command': 'yes' }

test('redis-cli --rdb takes a snapshot that redis-server loads, over TCP and TLS', async () => {
  using data = temporaryFolder()
  using taken = temporaryFolder()
  const tls = certificate(taken.path, 'own')
  const options = { path: data.path, port: 0, tls: { port: 0, ...tls } }
  const server = await createServer({ ...options, config: DEBUG })
  onTestFinished(() => server.close())
  const generator = new CommandGenerator('snapshot')
  for (let n = 0; n < 3_000; n += 1) {
    const request = generator.next()
    if (/^(?:CLIENT|B[LRZ]|XREAD|WAIT)/i.test(request[0] as string)) continue
    await server.execute(request).catch(() => {})
  }
  await server.execute(['SET', 'large', Buffer.alloc(3_000_000, 'x')])
  await server.execute([
    'FUNCTION',
    'LOAD',
    "#!lua name=l\nredis.register_function('f', function() return 7 end)",
  ])
  const { port, tlsPort } = server.address
  const secure = ['--tls', '--cacert', tls.certFile]
  for (const [name, at] of [
    ['plain', ['-p', `${port}`]],
    ['tls', ['-p', `${tlsPort}`, ...secure]],
  ] as const) {
    await run('redis-cli', [...at, '--rdb', join(taken.path, `${name}.rdb`)])
    const redis = await RealRedis.start(
      '--dir',
      taken.path,
      '--dbfilename',
      `${name}.rdb`,
      ...['--enable-debug-command', 'yes'],
    )
    onTestFinished(() => redis.stop())
    const client = await RawClient.connect(redis.port)
    onTestFinished(() => client.close())
    const digest = String(await server.execute(['DEBUG', 'DIGEST']))
    expect(await client.call('DEBUG', 'DIGEST')).toBe(`+${digest}\r\n`)
    expect(await client.call('FCALL', 'f', '0')).toBe(':7\r\n')
  }
  await run('redis-cli', ['-p', `${port}`, '--functions-rdb', join(taken.path, 'functions.rdb')])
  const redis = await RealRedis.start('--dir', taken.path, '--dbfilename', 'functions.rdb')
  onTestFinished(() => redis.stop())
  const client = await RawClient.connect(redis.port)
  onTestFinished(() => client.close())
  expect(await client.call('DBSIZE')).toBe(':0\r\n')
  expect(await client.call('FCALL', 'f', '0')).toBe(':7\r\n')
  // nothing is left behind
  const left = (): string[] => readdirSync(data.path).filter((name) => name.includes('snapshot'))
  await expect.poll(left).toEqual([])
})

test('PSYNC and REPLCONF that make no sense are refused', async () => {
  const server = await createServer({ port: 0 })
  onTestFinished(() => server.close())
  const client = await RawClient.connect(server.address.port as number)
  onTestFinished(() => client.close())
  expect(await client.call('PSYNC', '?', 'x')).toMatch(/^-ERR value is not an integer/)
  expect(await client.call('REPLCONF', 'foo', 'bar')).toBe(
    '-ERR Unrecognized REPLCONF option: foo\r\n',
  )
  expect(await client.call('REPLCONF', 'rdb-only')).toBe('-ERR syntax error\r\n')
  expect(await client.call('REPLCONF', 'listening-port', '1', 'capa', 'eof')).toBe('+OK\r\n')
  await expect(server.execute(['REPLCONF', 'rdb-only', '1'])).resolves.toBe('OK')
  await expect(server.execute(['SYNC'])).rejects.toThrow('socket only')
})
