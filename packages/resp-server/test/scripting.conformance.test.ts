import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bothServers } from './support/both-servers.ts'
import { RawClient } from './support/raw-client.ts'
import { FUNCTION_REQUESTS, SCRIPT_REQUESTS, SCRIPTS } from './support/script-requests.ts'

describe('scripts and functions get the same bytes from redis-server and from us', () => {
  const servers = bothServers()
  let theirs: RawClient
  let ours: RawClient

  beforeAll(async () => {
    theirs = await RawClient.connect(servers.theirPort)
    ours = await RawClient.connect(servers.ourPort)
  })

  afterAll(() => {
    theirs.close()
    ours.close()
  })

  beforeEach(async () => {
    for (const client of [theirs, ours]) {
      await client.call('FLUSHALL')
      await client.call('FUNCTION', 'FLUSH')
      await client.call('SCRIPT', 'FLUSH')
    }
  })

  async function compare(requests: readonly (readonly string[])[]): Promise<void> {
    const [expected, actual] = [await theirs.pipeline(requests), await ours.pipeline(requests)]
    const paired = (replies: string[]): unknown[] =>
      replies.map((reply, at) => [requests[at], reply])
    expect(paired(actual)).toEqual(paired(expected))
  }

  for (const version of ['2', '3']) {
    describe(`RESP${version}`, () => {
      beforeEach(async () => {
        await theirs.call('HELLO', version)
        await ours.call('HELLO', version)
      })

      test('EVAL', () => compare(SCRIPTS.map((script) => ['EVAL', script, '1', 'k', 'arg'])))
      test('EVAL_RO', () => compare(SCRIPTS.map((text) => ['EVAL_RO', text, '1', 'k', 'arg'])))
      test('EVALSHA, SCRIPT and first lines', () => compare(SCRIPT_REQUESTS))
      test('FUNCTION and FCALL', () => compare(FUNCTION_REQUESTS))
    })
  }

  test('a dump of either is restored by the other', async () => {
    const code = '#!lua name=long\nredis.register_function("h", function() return "'
    await theirs.call('FUNCTION', 'LOAD', `${code}${'a'.repeat(100)}" end)`)
    for (const [from, to] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      const dump = await from.call('FUNCTION', 'DUMP')
      const payload = dump.slice(dump.indexOf('\r\n') + 2, -2)
      expect(await to.call('FUNCTION', 'RESTORE', payload, 'FLUSH')).toBe('+OK\r\n')
      expect(await to.call('FCALL', 'h', '0')).toBe(`$100\r\n${'a'.repeat(100)}\r\n`)
      expect(await to.call('FUNCTION', 'RESTORE', payload)).toContain('already exists')
      const damaged = `${payload.slice(0, -1)}\0`
      expect(await to.call('FUNCTION', 'RESTORE', damaged)).toContain('checksum are wrong')
    }
  })
})
