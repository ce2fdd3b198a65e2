import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { SHOP } from './support/shop.ts'

const entry =
  process.env['TEST_TARGET'] === 'dist'
    ? join(import.meta.dirname, '../bin/ashlar-api.js')
    : join(import.meta.dirname, '../src/cli.ts')

interface Run {
  readonly child: ChildProcess
  /** Standard output so far, and its next piece. */
  readonly firstOutput: Promise<string>
  readonly ended: Promise<{ code: number | null; output: string; errors: string }>
}

function run(args: readonly string[], env: Record<string, string> = {}): Run {
  const { ADMIN_TOKEN: _, ...inherited } = process.env
  const child = spawn(process.execPath, [...process.execArgv, entry, ...args], {
    // Node 22 calls node:sqlite experimental on standard error
    env: { ...inherited, NODE_NO_WARNINGS: '1', ...env },
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const firstOutput = once(child.stdout, 'data').then(() => output)
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, output, errors }))
  return { child, firstOutput, ended }
}

function shopFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'schema-api-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'shop.db')
  const database = new DatabaseSync(path)
  database.exec(SHOP)
  database.close()
  return path
}

test('serves a file until SIGTERM, then drains and exits with 0', async () => {
  const args = ['serve', `sqlite:${shopFile()}`, '--port', '0', '--json', '--key', 'paid_orders=id']
  const { child, firstOutput, ended } = run([...args, '--hide', 'customers'])
  const ready = JSON.parse(await firstOutput) as { url: string }
  expect(ready).toMatchObject({ tables: 3, views: 1, token: false })
  const one = await fetch(`${ready.url}/items/paid_orders/1?fields=id`)
  expect(await one.json()).toEqual({ data: { id: 1 } })
  expect((await fetch(`${ready.url}/items/customers`)).status).toBe(403)
  expect((await fetch(`${ready.url}/`)).headers.get('content-type')).toMatch('text/html')
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0, errors: '' })
})

test('asks for the token that the environment holds, and stops at SIGINT', async () => {
  const env = { ADMIN_TOKEN: 'from-the-environment' }
  const { child, firstOutput, ended } = run(['serve', shopFile(), '--port', '0'], env)
  const url = /http:\S+\d/.exec(await firstOutput)?.[0] ?? ''
  expect((await fetch(`${url}/items/orders`)).status).toBe(403)
  const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` }
  expect((await fetch(`${url}/items/orders`, { headers })).status).toBe(200)
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 0, errors: '' })
})

test('tells its help and its version', async () => {
  const [help, version] = await Promise.all([
    run(['serve', '--help']).ended,
    run(['--version']).ended,
  ])
  expect(help).toMatchObject({ code: 0, errors: '' })
  expect(help.output).toMatch(/ADMIN_TOKEN/)
  expect(version.code).toBe(0)
  expect(version.output).toMatch(/^\d+\.\d+\.\d+/)
})

test('exits with 2 when it is called wrongly and with 1 when it fails', async () => {
  const file = shopFile()
  const calls = [
    ['serve', file, '--nope'],
    ['serve', file, '--port', 'x'],
    ['serve', file, '--host', '0.0.0.0'],
    ['serve', `${file}.missing`],
  ]
  const ends = await Promise.all(calls.map((args) => run(args).ended))
  expect(ends.map(({ code }) => code)).toEqual([2, 2, 2, 1])
  for (const { errors, output } of ends) {
    expect(output).toBe('')
    expect(errors).not.toBe('')
    expect(errors).not.toMatch(/at .*\.ts:/)
  }
  expect(ends[2]?.errors).toMatch(/ADMIN_TOKEN/)
  expect(ends[3]?.errors).toMatch(/There is no database file/)
})
