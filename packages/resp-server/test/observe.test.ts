import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VirtualClock } from '@ashlar/codec'
import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { Histogram } from '../src/observe/histogram.ts'
import { RawClient } from './support/raw-client.ts'
import { ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

test('MONITOR shows what runs, scripts included, and no passwords', async () => {
  await using server = await createServer({ port: 0 })
  const [monitor, client] = [
    await RawClient.connect(server.address.port as number),
    await RawClient.connect(server.address.port as number),
  ]
  await monitor.call('MONITOR')
  await client.call('SET', 'k', 'a "b"\n\0')
  await client.call('EVAL', 'return redis.call("get", KEYS[1])', '1', 'k')
  await client.call('AUTH', 'default', 'secret')
  await client.call('CONFIG', 'GET', 'port')
  await client.call('PING')
  const shown: string[] = []
  for (let count = 0; count < 5; count += 1) {
    shown.push((await monitor.next()).replace(/^\+[\d.]+ \[0 (?:127[^\]]*|(lua))\] /, '$1'))
  }
  expect(shown).toEqual([
    '"SET" "k" "a \\"b\\"\\n\\x00"\r\n',
    '"EVAL" "return redis.call(\\"get\\", KEYS[1])" "1" "k"\r\n',
    'lua"get" "k"\r\n',
    '"AUTH" "(redacted)" "(redacted)"\r\n',
    '"PING"\r\n',
  ])
  monitor.close()
  client.close()
})

test('SLOWLOG keeps what took long, cut to size', async () => {
  await using server = await createServer()
  await server.execute(['CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '2'])
  await server.execute(['SET', 'k', 'x'.repeat(200)])
  await server.execute(['SADD', 's', ...Array.from({ length: 60 }, (_, index) => index)])
  await server.execute(['CONFIG', 'SET', 'slowlog-log-slower-than', '-1'])
  const entries = (await server.execute(['SLOWLOG', 'GET', '-1'])) as unknown[][]
  expect(entries).toHaveLength(2)
  expect(entries[1]?.[3]).toEqual(['SET', 'k', `${'x'.repeat(128)}... (72 more bytes)`])
  const [, , , sadd] = entries[0] as unknown[][]
  expect(sadd).toHaveLength(32)
  expect(sadd?.at(-1)).toBe('... (31 more arguments)')
  expect(await server.execute(['SLOWLOG', 'LEN'])).toBe(2)
})

test('CLIENT PAUSE WRITE holds writes back, reads go on', async () => {
  const clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  await using server = await createServer({ port: 0, clock })
  const [writer, reader] = [
    await RawClient.connect(server.address.port as number),
    await RawClient.connect(server.address.port as number),
  ]
  await reader.call('CLIENT', 'PAUSE', '1000', 'WRITE')
  const written = writer.call('SET', 'k', '1')
  expect(await reader.call('GET', 'k')).toBe('$-1\r\n')
  while (!(await reader.call('INFO', 'clients')).includes('blocked_clients:1\r\n'));
  expect(await reader.call('EXISTS', 'k')).toBe(':0\r\n')
  await clock.advance(1001)
  expect(await written).toBe('+OK\r\n')
  expect(await reader.call('GET', 'k')).toBe('$1\r\n1\r\n')
  writer.close()
  reader.close()
})

test('LATENCY HISTOGRAM counts every call', async () => {
  await using server = await createServer()
  await server.execute(['CONFIG', 'SET', 'latency-monitor-threshold', '100000'])
  for (let count = 0; count < 20; count += 1) await server.execute(['INCR', 'n'])
  const all = (await server.execute(['LATENCY', 'HISTOGRAM', 'incr'])) as Map<
    string,
    Map<string, unknown>
  >
  const rows = all.get('incr')?.get('histogram_usec') as Map<number, number>
  expect([...rows.values()].at(-1)).toBe(20)
})

test('a histogram tells percentiles to a few percent', () => {
  const histogram = new Histogram()
  for (let value = 1; value <= 10_000; value += 1) histogram.record(value)
  for (const percent of [1, 50, 99, 99.9]) {
    const exact = percent * 100
    expect(Math.abs(histogram.percentile(percent) - exact) / exact).toBeLessThan(0.04)
  }
  expect(histogram.cumulative().at(-1)).toEqual([16_384, 10_000])
})

test('CONFIG REWRITE keeps comments and order', { timeout: 60_000 }, async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'redis.conf')
  writeFileSync(path, '# my server\nport 0\nappendonly no\nmaxclients 50\ntcp-backlog 100\n')
  const socket = join(folder.path, 'redis.sock')
  const server = await ServerProcess.start(path, '--unixsocket', socket)
  const client = await RawClient.connect(socket)
  expect(await client.call('CONFIG', 'SET', 'maxclients', '60', 'timeout', '7')).toBe('+OK\r\n')
  expect(await client.call('CONFIG', 'REWRITE')).toBe('+OK\r\n')
  client.close()
  await server.stop('SIGKILL')
  const text = readFileSync(path, 'utf8')
  expect(text).toMatch(/^# my server\nport 0\nappendonly no\nmaxclients 60\ntcp-backlog 100\n/)
  expect(text).toContain('timeout 7\n')
  expect(text).toContain('user default on nopass ~* &* +@all\n')
})

test('each command of a pipeline is in its own histogram, however they take turns', async () => {
  await using server = await createServer({ port: 0 })
  const client = await RawClient.connect(server.address.port as number)
  const runs = [
    ['SET', 20],
    ['GET', 1],
    ['SET', 1],
    ['GET', 15],
    ['INCR', 16],
  ] as const
  await client.pipeline(
    runs.flatMap(([name, times]) =>
      Array.from({ length: times }, () => (name === 'SET' ? [name, 'k', '1'] : [name, 'k'])),
    ),
  )
  const told = await client.call('LATENCY', 'HISTOGRAM', 'SET', 'GET', 'INCR')
  client.close()
  const counts = [...told.matchAll(/(set|get|incr)\r\n[*%]\d+\r\n\$5\r\ncalls\r\n:(\d+)/g)]
  expect(counts.map(([, name, calls]) => `${name} ${calls}`)).toEqual([
    'set 21',
    'get 16',
    'incr 16',
  ])
})
