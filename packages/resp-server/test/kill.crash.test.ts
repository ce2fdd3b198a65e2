import { freePort } from '@ashlar/transport/testing'
import { expect, test } from 'vitest'
import { encodeRequest, RawClient } from './support/raw-client.ts'
import { ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** KILL_ROUNDS=100 for a soak. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 3)

/**
 * Each step of a writer is a transaction over every type, numbered n: a store that holds step n
 * in one of them holds it in all, and holds every step before.
 */
const step = (writer: number, n: number): string[][] => [
  ['MULTI'],
  ['SET', `string:${writer}`, String(n)],
  ['RPUSH', `list:${writer}`, String(n)],
  ['HSET', `hash:${writer}`, 'last', String(n), `field:${n}`, 'x'],
  ['SADD', `set:${writer}`, String(n)],
  ['ZADD', `zset:${writer}`, String(n), 'last'],
  ['EXEC'],
]

/** Writes steps until the connection breaks; answers with the last step acknowledged. */
async function writeUntilKilled(port: number, writer: number, from: number): Promise<number> {
  const client = await RawClient.connect(port)
  for (let n = from; ; n += 1) {
    const requests = step(writer, n)
    client.write(Buffer.concat(requests.map(encodeRequest)))
    let last = ''
    for (let count = 0; count < requests.length && last !== 'closed'; count += 1) {
      last = await client.next()
    }
    if (last === 'closed') return n - 1
    expect(last.startsWith('*5')).toBe(true)
  }
}

/** The last step in the store; fails when a step is there by half or one before it is missing. */
async function lastStep(client: RawClient, writer: number): Promise<number> {
  const text = /\r\n(\d+)\r\n$/
  const n = Number(text.exec(await client.call('GET', `string:${writer}`))?.[1] ?? 0)
  expect(await client.call('LLEN', `list:${writer}`)).toBe(`:${n}\r\n`)
  expect(await client.call('SCARD', `set:${writer}`)).toBe(`:${n}\r\n`)
  expect(await client.call('HLEN', `hash:${writer}`)).toBe(`:${n === 0 ? 0 : n + 1}\r\n`)
  if (n > 0) {
    expect(await client.call('LINDEX', `list:${writer}`, '-1')).toMatch(`\r\n${n}\r\n`)
    expect(await client.call('HGET', `hash:${writer}`, 'last')).toMatch(`\r\n${n}\r\n`)
    expect(await client.call('ZSCORE', `zset:${writer}`, 'last')).toMatch(`\r\n${n}\r\n`)
  }
  return n
}

for (const mode of ['always', 'everysec'] as const) {
  test(`kill -9 under appendfsync ${mode}: no half transaction, no gap`, async () => {
    using folder = temporaryFolder()
    const writers = [1, 2, 3, 4]
    let reached = writers.map(() => 0)
    for (let round = 0; round < ROUNDS; round += 1) {
      const port = String(await freePort())
      const server = await ServerProcess.start(
        '--port',
        port,
        '--dir',
        folder.path,
        '--appendfsync',
        mode,
      )
      const check = await RawClient.connect(server.port)
      const found: number[] = []
      for (const writer of writers) found.push(await lastStep(check, writer))
      // under `always` an acknowledged step is never lost
      for (const [at, n] of found.entries()) {
        if (mode === 'always') expect(n).toBeGreaterThanOrEqual(reached[at] as number)
      }
      const writing = writers.map((writer, at) =>
        writeUntilKilled(server.port, writer, (found[at] as number) + 1),
      )
      // killed once the writers are well under way
      const goal = `${(found[0] as number) + 40 + round * 17}`
      while (!(await check.call('LLEN', 'list:1')).includes(goal)) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        const length = Number((await check.call('LLEN', 'list:1')).slice(1))
        if (length >= Number(goal)) break
      }
      await server.stop('SIGKILL')
      reached = await Promise.all(writing)
    }
    const server = await ServerProcess.start(
      '--port',
      String(await freePort()),
      '--dir',
      folder.path,
      '--appendfsync',
      mode,
    )
    const check = await RawClient.connect(server.port)
    for (const [at, writer] of writers.entries()) {
      const n = await lastStep(check, writer)
      expect(n).toBeGreaterThan(0)
      if (mode === 'always') expect(n).toBeGreaterThanOrEqual(reached[at] as number)
    }
    check.close()
    expect(await server.stop('SIGTERM')).toBe(0)
  })
}
