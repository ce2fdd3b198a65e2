import { once } from 'node:events'
import { Store } from '@ashlar/lsm-store'
import { createServer } from '@ashlar/resp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from './support/raw-client.ts'
import { ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const BUSY = '-BUSY Redis is busy running a script. You can only call'
const LOOP = 'while true do pcall(function() end) end'
const MOST_TRIES = 20
/** A process may take long to start on a busy machine. */
const START_TIMEOUT_MS = 60_000
const LOOPING_LIBRARY = `#!lua name=l\nredis.register_function("loop", function() ${LOOP} end)`

describe('a script over its time', { timeout: START_TIMEOUT_MS }, () => {
  // in a process of its own: a script that never ends would end the tests
  let server: ServerProcess
  let caller: RawClient
  let other: RawClient

  beforeAll(async () => {
    const options = ['--port', '0', '--unixsocket', '', '--appendonly', 'no']
    server = await ServerProcess.start(...options, '--busy-reply-threshold', '5')
    caller = await RawClient.connect(server.port)
    other = await RawClient.connect(server.port)
    // a connection is served by a busy server once it was accepted by an idle one
    await other.call('PING')
    await caller.call('PING')
  }, START_TIMEOUT_MS)

  afterAll(async () => {
    caller.close()
    other.close()
    if (server.child.exitCode === null) await server.stop('SIGKILL')
  })

  async function untilBusy(): Promise<void> {
    for (;;) {
      const reply = await other.call('PING')
      if (reply === '+PONG\r\n') continue
      expect(reply).toContain(BUSY)
      return
    }
  }

  test('answers BUSY to others, and ends by SCRIPT KILL', async () => {
    const answer = caller.call('EVAL', LOOP, '0')
    await untilBusy()
    expect(await other.call('MULTI')).toBe('+OK\r\n')
    expect(await other.call('GET', 'x')).toContain(BUSY)
    expect(await other.call('EXEC')).toContain('-EXECABORT Transaction discarded because of: BUSY')
    expect(await other.call('FUNCTION', 'KILL')).toContain(BUSY)
    expect(await other.call('SCRIPT', 'KILL')).toBe('+OK\r\n')
    expect(await answer).toMatch(/^-ERR Script killed by user .* on @user_script:1\.\r\n$/)
    expect(await other.call('PING')).toBe('+PONG\r\n')
  })

  /**
   * Has the server find a PING of the other and these requests of the caller in one round, and then a
   * script without end. The system may hand over the later ones first: then it is done again.
   */
  async function pingAndLoop(requests: readonly (readonly string[])[]): Promise<string[]> {
    for (let left = MOST_TRIES; ; left -= 1) {
      server.child.kill('SIGSTOP')
      const pong = other.call('PING')
      const all = [...requests, ['EVAL', LOOP, '0']]
      const answers = all.map((request) => caller.call(...request))
      // all have left when a later round of this loop is over
      await new Promise(setImmediate)
      server.child.kill('SIGCONT')
      const reply = await pong
      if (left === 0) expect(reply).toBe('+PONG\r\n')
      await untilBusy()
      expect(await other.call('SCRIPT', 'KILL')).toBe('+OK\r\n')
      const received = await Promise.all(answers)
      if (reply === '+PONG\r\n') return received
    }
  }

  test('does not hold back the replies to requests that came right before it', async () => {
    expect(await pingAndLoop([])).toHaveLength(1)
  })

  test('who was answered together with it is heard, also behind a change', async () => {
    expect(await pingAndLoop([['SET', 'before', 'v']])).toEqual([
      '+OK\r\n',
      expect.stringContaining('-ERR Script killed'),
    ])
  })

  test('a function ends by FUNCTION KILL', async () => {
    await caller.call('FUNCTION', 'LOAD', LOOPING_LIBRARY)
    const answer = caller.call('FCALL', 'loop', '0')
    await untilBusy()
    expect(await other.call('SCRIPT', 'KILL')).toContain(BUSY)
    expect(await other.call('FUNCTION', 'STATS')).toContain('$4\r\nloop\r\n')
    expect(await other.call('FUNCTION', 'KILL')).toBe('+OK\r\n')
    expect(await answer).toContain('script: loop, on @user_function:2.')
  })

  test('cannot be killed once it has written, only with the server', async () => {
    void caller.call('EVAL', `redis.call("set", "x", "1") ${LOOP}`, '0')
    await untilBusy()
    expect(await other.call('SCRIPT', 'KILL')).toContain('-UNKILLABLE')
    const exited = once(server.child, 'exit')
    other.write('SHUTDOWN NOSAVE\r\n')
    expect(await exited).toEqual([0, null])
  })
})

test('a script is one: expiry and its keys do not change under it', async () => {
  await using server = await createServer()
  await server.execute(['SET', 'k', 'v', 'PX', 1])
  const script = `local before = redis.call('exists', KEYS[1])
    for i = 1, 3e6 do end
    return {before, redis.call('exists', KEYS[1])}`
  const [before, after] = (await server.execute(['EVAL', script, 1, 'k'])) as number[]
  expect(after).toBe(before)
})

test('what a script wrote before its error stays, in one batch with the rest', async () => {
  using folder = temporaryFolder()
  const store = await Store.open(folder.path)
  const server = await createServer({ store })
  const failing = "redis.call('set', 'a', '1') redis.call('lpush', 'b', 'x') error('enough')"
  await expect(server.execute(['EVAL', failing, 0])).rejects.toThrow('enough')
  expect(await server.execute(['MGET', 'a'])).toEqual(['1'])
  await server.execute(['SAVE'])
  const batches: number[] = []
  for await (const { operations } of store.changes({ prefix: 'k' })) batches.push(operations.length)
  expect(batches).toEqual([2])
  await server.close()
  await store.close()
})

test('libraries are kept, scripts are not', async () => {
  using folder = temporaryFolder()
  const code =
    '#!lua name=lib\nredis.register_function("add", function(k, a) return a[1] + a[2] end)'
  const first = await createServer({ path: folder.path })
  await first.execute(['FUNCTION', 'LOAD', code])
  await first.execute(['FUNCTION', 'LOAD', code.replace('lib', 'gone').replace('add', 'sub')])
  await first.execute(['FUNCTION', 'DELETE', 'gone'])
  const sha = (await first.execute(['SCRIPT', 'LOAD', 'return 1'])) as string
  await first.close()
  const again = await createServer({ path: folder.path })
  expect(await again.execute(['FCALL', 'add', 0, 1, 2])).toBe(3)
  await expect(again.execute(['FCALL', 'sub', 0])).rejects.toThrow('Function not found')
  expect(await again.execute(['SCRIPT', 'EXISTS', sha])).toEqual([0])
  await again.close()
})

test('scripts of EVAL are forgotten when they are many, loaded ones stay', async () => {
  await using server = await createServer()
  const loaded = await server.execute(['SCRIPT', 'LOAD', 'return "loaded"'])
  for (let count = 0; count < 600; count += 1) {
    await server.execute(['EVAL', `return ${count}`, 0])
  }
  expect(await server.execute(['EVALSHA', loaded as string, 0])).toBe('loaded')
  expect(await server.execute(['EVAL', 'return 599', 0])).toBe(599)
  expect(await server.execute(['INFO', 'memory'])).toContain('number_of_cached_scripts:501')
})
