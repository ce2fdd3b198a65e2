// The command line, on real directories: what it prints, and its exit codes.
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Store } from '@ashlar/lsm-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'

let folder: string
let dir: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-cli-'))
  dir = join(folder, 'store')
  await using store = await Store.open(dir)
  for (let i = 0; i < 10; i++) await store.put(`key${i}`, `value${i}`)
  await store.flush()
  await store.put(new Uint8Array([0xff, 0]), new Uint8Array([1, 2, 3]))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

class Collected {
  text = ''
  readonly isTTY: boolean
  readonly columns = 60
  constructor(isTTY = false) {
    this.isTTY = isTTY
  }
  write(text: string | Uint8Array): boolean {
    this.text += String(text)
    return true
  }
  once(): void {}
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], input = '', isTTY = false): Promise<Outcome> {
  const stdout = new Collected()
  const stderr = new Collected(isTTY)
  const stdin = Readable.from([Buffer.from(input)])
  const code = await runCli(args, '1.2.3', { stdin, stdout, stderr })
  return { code, out: stdout.text, err: stderr.text }
}

describe('ashlar-lsm', () => {
  it('helps, and tells its version', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const name of ['stats', 'get', 'put', 'scan', 'dump', 'verify', 'repair', 'backup']) {
      expect(out).toContain(`ashlar-lsm ${name}`)
      expect((await run([name, '--help'])).out).toContain(`Usage: ashlar-lsm ${name} <`)
    }
    expect(await run(['--version'])).toEqual({ code: 0, out: 'ashlar-lsm 1.2.3\n', err: '' })
    expect((await run([])).code).toBe(2)
  })

  it('answers wrong usage with what is right, and exit code 2', async () => {
    for (const [args, message] of [
      [['gett', dir], /there is no command 'gett': it is one of stats, get/],
      [['get', dir], /<key> is missing/],
      [['get', dir, 'a', 'b'], /'b' is one argument too many/],
      [['get', dir, 'a', '--format', 'x'], /Unknown option '--format'/],
      [['get', dir, 'a', '--key-format', 'octal'], /must be text, hex or base64, got 'octal'/],
      [['get', dir, 'xyz', '--key-format', 'hex'], /the key is not hex/],
      [['scan', dir, '--limit', 'many'], /--limit must be a whole number of at least 0/],
      [['backup', dir, join(folder, 'b'), '--keep', '0'], /--keep must be a whole number/],
    ] as const) {
      const { code, out, err } = await run(args)
      expect({ code, out }, args.join(' ')).toEqual({ code: 2, out: '' })
      expect(err, args.join(' ')).toMatch(message)
    }
  })

  it('answers failures with the code of the error, and exit code 1', async () => {
    expect(await run(['stats', join(folder, 'nowhere')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ashlar-lsm: STORE_MISSING: /),
    })
    await using _ = await Store.open(dir)
    // Who only looks may.
    expect(await run(['get', dir, 'key1'])).toMatchObject({ code: 0, out: 'value1\n' })
    expect(await run(['delete', dir, 'key1'])).toMatchObject({
      code: 1,
      err: expect.stringContaining(`pid ${process.pid}`),
    })
  })

  it('reads and writes keys and values as text, hex and base64', async () => {
    expect(await run(['get', dir, 'key1'])).toMatchObject({ code: 0, out: 'value1\n' })
    expect(await run(['get', dir, 'none'])).toEqual({ code: 3, out: '', err: '' })
    const hex = ['--key-format', 'hex', '--value-format', 'base64']
    expect((await run(['get', dir, 'ff00', ...hex])).out).toBe('AQID\n')
    expect((await run(['put', dir, 'new', 'tea', '--json'])).out).toBe('{"sequence":12}\n')
    expect((await run(['put', dir, 'big', '-'], 'from stdin')).code).toBe(0)
    expect((await run(['get', dir, 'big', '--json'])).out).toBe(
      '{"key":"big","found":true,"value":"from stdin"}\n',
    )
    expect((await run(['delete', dir, 'new'])).code).toBe(0)
    expect((await run(['delete', dir, 'new'])).code).toBe(3)
    expect((await run(['put', join(folder, 'other'), 'a', 'b'])).code).toBe(1)
    expect((await run(['put', join(folder, 'other'), 'a', 'b', '--create'])).code).toBe(0)
  })

  it('scans ranges both ways', async () => {
    expect((await run(['scan', dir, '--gte', 'key8', '--lt', 'key9~'])).out).toBe(
      'key8\tvalue8\nkey9\tvalue9\n',
    )
    const args = ['scan', dir, '--prefix', 'key', '--reverse', '--limit', '1', '--keys', '--json']
    expect((await run(args)).out).toBe('{"key":"key9"}\n')
  })

  it('dumps what load makes the same store of', async () => {
    const { out } = await run(['dump', dir])
    expect(out.split('\n')).toHaveLength(12)
    const copy = join(folder, 'copy')
    expect((await run(['load', copy, '--json'], out)).out).toBe('{"entries":11}\n')
    expect((await run(['dump', copy])).out).toBe(out)
    const file = join(folder, 'dump.jsonl')
    writeFileSync(file, out)
    expect((await run(['load', join(folder, 'third'), file])).code).toBe(0)
    expect((await run(['load', join(folder, 'sorted'), file, '--sorted'])).code).toBe(0)
    expect((await run(['dump', join(folder, 'sorted')])).out).toBe(out)
    const broken = await run(['load', join(folder, 'fourth')], '{"key":"?"}\n')
    expect(broken).toMatchObject({ code: 2, err: expect.stringContaining('line 1 is no entry') })
  })

  it('verifies without changing anything, and repairs', async () => {
    expect((await run(['verify', dir])).out).toContain('ok: true')
    const table = globSync(join(dir, '*.table'))[0] as string
    const bytes = readFileSync(table)
    bytes[20] = (bytes[20] as number) ^ 1
    writeFileSync(table, bytes)
    const found = await run(['verify', dir, '--json'])
    expect(found.code).toBe(1)
    expect(JSON.parse(found.out)).toMatchObject({
      ok: false,
      problems: [{ code: 'STORE_CORRUPT', path: table }],
    })
    expect(readFileSync(table)).toEqual(bytes)
    const repaired = await run(['repair', dir])
    expect(repaired).toMatchObject({ code: 0, out: expect.stringContaining('missing from key0') })
    expect((await run(['verify', dir])).code).toBe(0)
    expect((await run(['repair', dir, '--json'])).out).toContain('"sound":true')
  })

  it('backs up, lists, verifies and restores', async () => {
    const backups = join(folder, 'backups')
    expect((await run(['backups', backups])).code).toBe(3)
    expect((await run(['backup', dir, backups])).out).toContain('id: 1')
    await run(['put', dir, 'key1', 'changed'])
    expect(JSON.parse((await run(['backup', dir, backups, '--json'])).out)).toMatchObject({ id: 2 })
    expect((await run(['backups', backups, '--verify'])).out.split('\n')).toHaveLength(3)
    const restored = join(folder, 'restored')
    expect((await run(['restore', backups, restored, '--id', '1'])).code).toBe(0)
    expect((await run(['get', restored, 'key1'])).out).toBe('value1\n')
    expect((await run(['restore', backups, restored])).err).toContain('STORE_EXISTS')
    const copy = join(folder, 'copy')
    expect((await run(['checkpoint', dir, copy])).out).toContain('linked: 1')
    expect((await run(['get', copy, 'key1'])).out).toBe('changed\n')
  })

  it('prints stats, compacts, and measures', async () => {
    expect((await run(['stats', dir])).out).toContain('last sequence: 11')
    expect(JSON.parse((await run(['stats', dir, '--json'])).out)).toMatchObject({ tables: 1 })
    expect((await run(['compact', dir])).out).toMatch(/tables: 1\nbytes before: \d+/)
    const { code, out } = await run(['bench', join(folder, 'b'), '--entries', '2000', '--json'])
    expect(code).toBe(0)
    expect(out.trim().split('\n')).toHaveLength(7)
    expect(globSync(join(folder, 'b', '*'))).toEqual([])
    expect((await run(['bench', dir])).err).toContain('STORE_EXISTS')
  })

  it('draws a bar on a terminal, and none beside JSON', async () => {
    const { err } = await run(['verify', dir], '', true)
    expect(err).toContain('[#')
    expect(err.endsWith('\r\u001b[K')).toBe(true)
    expect((await run(['verify', dir, '--json'], '', true)).err).toBe('')
  })

  it('runs as a process', () => {
    const cli = join(import.meta.dirname, '../../src/cli.ts')
    const child = spawnSync(process.execPath, [...process.execArgv, cli, 'get', dir, 'key2'])
    expect({ status: child.status, out: String(child.stdout) }).toEqual({
      status: 0,
      out: 'value2\n',
    })
  })

  it('shows, checks, copies and compacts a store with values in files of their own', async () => {
    const apart = join(folder, 'apart')
    {
      await using store = await Store.open(apart, { tables: { largeValueBytes: 64 } })
      for (let i = 0; i < 4; i++) await store.put(`key${i}`, `value ${i} `.repeat(20))
      await store.flush()
    }
    expect(JSON.parse((await run(['stats', apart, '--json'])).out)).toMatchObject({ valueFiles: 1 })
    expect((await run(['get', apart, 'key2'])).out).toBe(`${'value 2 '.repeat(20)}\n`)
    expect((await run(['compact', apart])).code).toBe(0)
    expect(
      JSON.parse((await run(['checkpoint', apart, `${apart}-copy`, '--json'])).out),
    ).toMatchObject({
      valueFiles: 1,
    })
    const [path = ''] = globSync(join(apart, '*.values'))
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
    writeFileSync(path, bytes)
    expect((await run(['verify', apart])).code).toBe(1)
    expect((await run(['repair', apart])).out).toContain('key3 to key3')
    expect((await run(['verify', apart])).code).toBe(0)
    expect((await run(['get', `${apart}-copy`, 'key2'])).code).toBe(0)
  })
})
