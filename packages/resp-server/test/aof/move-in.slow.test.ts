import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { seededRandom, silentLogger } from '@ashlar/codec'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { defaultSettings, type Settings } from '../../src/config/settings.ts'
import { openFromSettings } from '../../src/server/open-from-settings.ts'
import type { RespServer } from '../../src/server/resp-server.ts'
import { RawClient } from '../support/raw-client.ts'
import { RealRedis } from '../support/redis-server.ts'
import { runCli, ServerProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeAtRandom } from '../support/write-at-random.ts'

const LOGGED = [
  '--appendonly',
  'yes',
  '--enable-debug-command',
  'yes',
  '--aof-timestamp-enabled',
  'yes',
]
const CUTS = Number(process.env['AOF_CUTS'] ?? 8)
const SEED = process.env['AOF_SEED'] ?? '1'

async function transact(client: RawClient): Promise<void> {
  const requests = [
    ['MULTI'],
    ['INCR', 'n'],
    ['LPUSH', 'l', 'x'],
    ['SELECT', '3'],
    ['SADD', 's', 'y'],
  ]
  for (const request of [...requests, ['EXEC'], ['SELECT', '0']]) await client.call(...request)
}

/** Opens what is in a folder, as the command line does, but for its sockets. */
async function open(dir: string, more: Partial<Settings> = {}): Promise<RespServer> {
  const settings = {
    ...defaultSettings(),
    dir,
    port: 0,
    enableDebugCommand: 'yes',
    ...more,
  } as const
  return await openFromSettings(settings, silentLogger, () => {}, false)
}

/** What a redis-server makes of the files, which it may mend: of a copy. */
async function digestOfRedis(dir: string): Promise<string> {
  using copy = temporaryFolder()
  cpSync(dir, copy.path, { recursive: true })
  const redis = await RealRedis.start('--dir', copy.path, ...LOGGED)
  const client = await RawClient.connect(redis.port)
  const digest = (await client.call('DEBUG', 'DIGEST')).trim().slice(1)
  client.close()
  await redis.stop()
  return digest
}

describe('the append-only log of a redis-server', () => {
  const folder = temporaryFolder()
  const theirs = join(folder.path, 'theirs')
  const logs = join(theirs, 'appendonlydir')
  let digest = ''

  /** The file that is written last. */
  const lastLog = (dir: string): string => {
    const names = readdirSync(join(dir, 'appendonlydir')).filter((name) =>
      name.endsWith('.incr.aof'),
    )
    return join(dir, 'appendonlydir', names.sort().at(-1) as string)
  }

  const copied = (name: string): string => {
    const dir = join(folder.path, name)
    cpSync(theirs, dir, { recursive: true })
    return dir
  }

  beforeAll(async () => {
    mkdirSync(theirs)
    const redis = await RealRedis.start('--dir', theirs, ...LOGGED)
    const client = await RawClient.connect(redis.port)
    await writeAtRandom(client, 'before', 2_000)
    await client.call('SET', 'gone', '1', 'PX', '1')
    await client.call(
      'FUNCTION',
      'LOAD',
      "#!lua name=f\nredis.register_function('f', function() return 7 end)",
    )
    await client.call('BGREWRITEAOF')
    await vi.waitFor(
      async () => {
        const state = await client.call('INFO', 'persistence')
        expect(state).toContain('aof_rewrite_in_progress:0')
        expect(state).toContain('aof_rewrite_scheduled:0')
      },
      { timeout: 20_000 },
    )
    await writeAtRandom(client, 'after', 2_000)
    await client.call(
      'EVAL',
      "redis.call('SET', 'a', redis.call('TIME')[2]) redis.call('INCR', 'b')",
      '0',
    )
    await client.call('SET', 'large', 'x'.repeat(700_000))
    for (let n = 0; n < 5; n += 1) await transact(client)
    digest = (await client.call('DEBUG', 'DIGEST')).trim().slice(1)
    client.close()
    await redis.stop()
  }, 60_000)

  afterAll(() => folder[Symbol.dispose]())

  test('is read with the snapshot that it begins with, once', async () => {
    const dir = copied('whole')
    const first = await open(dir)
    expect(await first.execute(['DEBUG', 'DIGEST'])).toBe(digest)
    expect(await first.execute(['FCALL', 'f', 0])).toBe(7)
    await first.execute(['SELECT', '3'])
    expect(await first.execute(['SMEMBERS', 's'])).toEqual(new Set(['y']))
    await first.execute(['FLUSHALL'])
    await first.execute(['SELECT', '0'])
    await first.execute(['SET', 'made', 'here'])
    await first.close()
    const again = await open(dir)
    expect(await again.execute(['KEYS', '*'])).toEqual(['made'])
    await again.close()
  })

  test('of Redis before 7 is one file, of commands alone or behind a snapshot', async () => {
    const base = readdirSync(logs).find((name) => name.endsWith('.base.rdb')) as string
    const snapshot = readFileSync(join(logs, base))
    const commands = readFileSync(lastLog(theirs))
    for (const [name, head] of [
      ['commands', Buffer.alloc(0)],
      ['preamble', snapshot],
    ] as const) {
      const dir = join(folder.path, name)
      mkdirSync(dir)
      writeFileSync(join(dir, 'appendonly.aof'), Buffer.concat([head, commands]))
      const expected = await digestOfRedis(dir)
      const server = await open(dir)
      expect(await server.execute(['DEBUG', 'DIGEST'])).toBe(expected)
      await server.close()
    }
  })

  test('that was cut off is read as far as redis-server reads it', {
    timeout: 300_000,
  }, async () => {
    const random = seededRandom(`cuts ${SEED}`)
    const { size } = statSync(lastLog(theirs))
    for (let n = 0; n < CUTS; n += 1) {
      const dir = copied(`cut ${n}`)
      // transactions are at the end
      const from = n % 2 === 0 ? 0 : size - 900
      const cut = from + Math.floor(random.next() * (size - from))
      truncateSync(lastLog(dir), cut)
      const expected = await digestOfRedis(dir)
      const server = await open(dir)
      expect(await server.execute(['DEBUG', 'DIGEST']), `seed ${SEED}, at ${cut}`).toBe(expected)
      await server.close()
    }
  })

  test('that was cut off is refused where aof-load-truncated is no, and in files before the last', async () => {
    const dir = copied('refused')
    const log = lastLog(dir)
    truncateSync(log, statSync(log).size - 3)
    const refused = { code: 'AOF_INVALID', message: expect.stringContaining('into a command') }
    await expect(open(dir, { aofLoadTruncated: false })).rejects.toMatchObject(refused)
    const manifest = join(dir, 'appendonlydir/appendonly.aof.manifest')
    const lines = readFileSync(manifest, 'utf8')
    writeFileSync(join(dir, 'appendonlydir/more.aof'), '')
    writeFileSync(manifest, `${lines}file more.aof seq 999 type i\n`)
    await expect(open(dir)).rejects.toMatchObject(refused)
    // nothing of it counts: it is imported anew
    cpSync(lastLog(theirs), log)
    const server = await open(dir)
    expect(await server.execute(['DEBUG', 'DIGEST'])).toBe(digest)
    await server.close()
  })

  test('that is damaged is refused, with the file', async () => {
    const dir = copied('damaged')
    const log = lastLog(dir)
    const bytes = readFileSync(log)
    const damages: readonly (readonly [string, Buffer])[] = [
      [
        'a command that is not known here: seth',
        Buffer.from('*3\r\n$4\r\nSETH\r\n$1\r\na\r\n$1\r\nb\r\n'),
      ],
      ['invalid bulk length', Buffer.from('*1\r\n$x\r\n')],
      ['database 99', Buffer.from('*2\r\n$6\r\nSELECT\r\n$2\r\n99\r\n')],
    ]
    for (const [reason, piece] of damages) {
      writeFileSync(log, Buffer.concat([bytes, piece]))
      await expect(open(dir)).rejects.toMatchObject({
        code: 'AOF_INVALID',
        message: expect.stringMatching(new RegExp(`incr.aof cannot be imported: .*${reason}`)),
      })
    }
    const manifest = join(dir, 'appendonlydir/appendonly.aof.manifest')
    for (const line of [
      'file ../x seq 1 type i',
      'file a.aof seq 0 type i',
      'file a.aof seq 9 type b',
      'x',
    ]) {
      writeFileSync(
        manifest,
        `${readFileSync(join(logs, 'appendonly.aof.manifest'), 'utf8')}${line}\n`,
      )
      await expect(open(dir)).rejects.toMatchObject({
        code: 'AOF_INVALID',
        message: expect.stringContaining(`'${line}' is no line of a manifest`),
      })
    }
  })

  test('an import that was cut off does not count when its files are gone', async () => {
    const dir = copied('gone')
    writeFileSync(lastLog(dir), 'NO SUCH COMMAND\r\n')
    await expect(open(dir)).rejects.toMatchObject({ code: 'AOF_INVALID' })
    expect(existsSync(join(dir, 'ashlar-resp'))).toBe(true)
    await expect(open(dir, { appendfilename: 'other.aof' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('half an import'),
    })
  })

  test('beside an RDB file it waits for a word on which of them counts', async () => {
    const dir = copied('both')
    await using other = await open(join(folder.path, 'other'), { appendonly: false })
    await other.execute(['SET', 'of', 'the RDB file'])
    other.exportRdb(join(dir, 'dump.rdb'))
    const unclear = await runCli('--port', '0', '--dir', dir)
    expect(unclear).toMatchObject({ code: 1, stderr: expect.stringContaining('--import-from aof') })
    expect(existsSync(join(dir, 'ashlar-resp'))).toBe(false)
    const volatile = await open(dir, { importFrom: 'rdb', appendonly: false })
    expect(await volatile.execute(['KEYS', '*'])).toEqual(['of'])
    await volatile.close()
    const server = await ServerProcess.start(
      ...['--port', '0', '--dir', dir, '--import-from', 'aof', '--enable-debug-command', 'yes'],
    )
    const client = await RawClient.connect(server.port)
    expect(await client.call('DEBUG', 'DIGEST')).toBe(`+${digest}\r\n`)
    client.close()
    await server.stop('SIGTERM')
  })
})
