import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Scheduler } from '@ashlar/scheduler-core'
import { schedulerHttp } from '@ashlar/scheduler-core/http'
import { fastify } from 'fastify'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { handlers } from './handlers-child.ts'

const TOKEN = 'a-secret-of-tests'
const HOUR_MS = 3_600_000

let store = ''

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-cli-'))
  store = join(folder, 'tasks')
  return () => rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The command line within this process. */
async function cli(...args: readonly string[]): Promise<Ended> {
  const out: string[] = []
  const err: string[] = []
  using log = vi.spyOn(console, 'log').mockImplementation((line) => void out.push(String(line)))
  using error = vi.spyOn(console, 'error').mockImplementation((line) => void err.push(String(line)))
  using stdout = swallow('stdout', out)
  using stderr = swallow('stderr', err)
  const code = await runCli(['node', 'ashlar-scheduler', ...args], '1.2.3')
  expect([log, error, stdout, stderr]).toHaveLength(4)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** What commander writes itself: help and complaints. */
function swallow(stream: 'stdout' | 'stderr', lines: string[]) {
  return vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
    lines.push(String(chunk))
    return true
  })
}

/** Three dead letters in `q`, one task of tomorrow in `default`. */
async function fill(): Promise<{ readonly dead: string[]; readonly later: string }> {
  const scheduler = await Scheduler.open({ path: store, handlers })
  const made = await scheduler.scheduleMany(
    [1, 2, 3].map((n) => ({ handler: 'broken', payload: n, queue: 'q' }) as const),
  )
  const later = await scheduler.schedule({
    handler: 'fine',
    payload: { to: 'ada' },
    key: 'ada',
    delayMs: 24 * HOUR_MS,
  })
  await scheduler.idle()
  await scheduler.close()
  return { dead: made.map(({ id }) => id), later: later.id }
}

/** What has become of a task when all that can start has run. */
async function startedOf(id: string): Promise<string | undefined> {
  await using scheduler = await Scheduler.open({ path: store, handlers })
  await scheduler.idle()
  return scheduler.get(id)?.state
}

async function fillSchedules(): Promise<void> {
  await using scheduler = await Scheduler.open({ path: store, handlers })
  const spec = { handler: 'fine', payload: { to: 'ada' }, cron: '0 9 1 1 *' } as const
  await scheduler.schedules.upsert('a/1', { ...spec, timeZone: 'Europe/Berlin' })
  await scheduler.schedules.upsert('b', spec)
}

/** The same on a folder and on a server. */
async function expectSchedulesToWork(at: readonly string[]): Promise<void> {
  const first = await cli('schedules', 'list', '--limit', '1', ...at)
  expect(first.out).toMatch(/^a\/1 +0 9 1 1 \* +Europe\/Berlin +default +fine +\d{4}-01-01T08:00/m)
  const cursor = /--cursor (\S+)$/.exec(first.out)?.[1] ?? ''
  expect((await cli('schedules', 'list', '--cursor', cursor, ...at)).out).toMatch(/^b +0 9/m)
  const shown = JSON.parse((await cli('schedules', 'show', 'a/1', ...at, '--json')).out)
  expect(shown).toMatchObject({ id: 'a/1', misfire: 'once', payload: { to: 'ada' } })
  const after = ['--after', '2026-06-01', '--count', '2']
  const times = await cli('schedules', 'preview', 'a/1', ...after, ...at)
  expect(times.out).toBe('2027-01-01T08:00:00.000Z\n2028-01-01T08:00:00.000Z')
  expect(await cli('schedules', 'pause', 'a/1', 'b', ...at)).toMatchObject({ code: 0 })
  expect((await cli('schedules', 'list', ...at)).out.match(/paused/g)).toHaveLength(2)
  expect(await cli('schedules', 'resume', 'a/1', ...at)).toMatchObject({ code: 0 })
  const triggered = await cli('schedules', 'trigger', 'a/1', 'none', ...at, '--json')
  expect(triggered).toMatchObject({ code: 1 })
  expect(JSON.parse(triggered.out)).toEqual({ 'a/1': 'triggered', none: 'unknown' })
  expect(await cli('schedules', 'remove', 'a/1', ...at)).toMatchObject({ code: 0 })
  for (const command of ['show', 'preview', 'pause', 'resume', 'remove', 'trigger']) {
    expect(await cli('schedules', command, 'a/1', ...at)).toMatchObject({ code: 1 })
  }
}

describe('on a folder', () => {
  test('tasks are listed, shown, retried and cancelled', async () => {
    const { later } = await fill()
    const at = ['--store', store]
    const listed = await cli('list', ...at, '--json')
    expect(JSON.parse(listed.out).tasks).toMatchObject([{ id: later, key: 'ada' }])
    expect((await cli('show', later, ...at)).out).toContain('payload       {"to":"ada"}')
    expect(await cli('retry', later, ...at)).toMatchObject({ code: 0, out: `${later}  retried` })
    const cancelled = await cli('cancel', later, 'junk', ...at, '--json')
    expect(cancelled).toMatchObject({ code: 1, err: 'ashlar-scheduler: 1 of 2 not cancelled' })
    expect(JSON.parse(cancelled.out)).toEqual({ [later]: 'cancelled', junk: 'unknown' })
    expect(await cli('show', later, ...at)).toMatchObject({ code: 1 })
  })

  test('a list goes on where the page before it ended', async () => {
    const { dead } = await fill()
    const at = ['list', '--store', store, '--state', 'dead']
    const first = await cli(...at, '--limit', '2')
    const cursor = /--cursor (\S+)$/.exec(first.out)?.[1] ?? ''
    const second = await cli(...at, '--cursor', cursor)
    const ids = `${first.out}\n${second.out}`.split('\n').filter((line) => line.includes(' dead '))
    expect(ids.map((line) => line.split(' ')[0]).toSorted()).toEqual(dead.toSorted())
  })

  test('dead letters are redriven, queues paused and resumed', async () => {
    await fill()
    const at = ['--store', store]
    expect(await cli('pause', 'q', ...at)).toMatchObject({ code: 0, out: 'q  paused' })
    expect((await cli('stats', ...at)).out).toMatch(/^q +0 +0 +0 +0 +3 +0 +paused$/m)
    const redriven = await cli('redrive', 'q', ...at)
    expect(redriven).toMatchObject({ code: 0, out: 'q: 3 of 3 dead letters redriven' })
    await cli('resume', 'q', ...at)
    const { queues } = JSON.parse((await cli('stats', ...at, '--json')).out)
    expect(queues.q).toMatchObject({ scheduled: 3, dead: 0, paused: false })
    expect(await cli('redrive', 'none', ...at)).toMatchObject({ code: 1 })
  })

  test('schedules are listed, shown, previewed, paused, triggered and removed', async () => {
    await fillSchedules()
    await expectSchedulesToWork(['--store', store])
    const scheduler = await Scheduler.open({ path: store, handlers })
    await scheduler.idle()
    expect(scheduler.counts().completed).toBe(1) // the one that was triggered
    await scheduler.close()
  })

  test('a task is edited, a single key paused', async () => {
    const { later } = await fill()
    const at = ['--store', store]
    const edited = await cli('edit', later, '--payload', '{"to":"bob"}', '--priority', '7', ...at)
    expect(edited).toMatchObject({ code: 0, out: `${later}  edited` })
    const shown = JSON.parse((await cli('show', later, ...at, '--json')).out)
    expect(shown).toMatchObject({ payload: { to: 'bob' }, priority: 7 })
    expect(await cli('edit', later, ...at)).toMatchObject({ code: 2 })
    expect(await cli('edit', later, '--payload', '{to', ...at)).toMatchObject({ code: 2 })
    expect(await cli('edit', later, '--priority', '10', ...at)).toMatchObject({ code: 2 })
    expect(await cli('edit', 'junk', '--priority', '1', ...at)).toMatchObject({ code: 1 })
    expect(await cli('pause', 'default', '--key', 'ada', ...at)).toMatchObject({ code: 0 })
    expect(await cli('retry', later, ...at)).toMatchObject({ code: 0 })
    expect(await startedOf(later)).toBe('scheduled')
    expect(await cli('resume', 'default', '--key', 'ada', ...at)).toMatchObject({ code: 0 })
    expect(await startedOf(later)).toBe('completed')
    expect(await cli('pause', 'default', '--tenant', 'acme', ...at)).toMatchObject({ code: 2 })
  })

  test('that another process has open, the way out is named', async () => {
    await using scheduler = await Scheduler.open({ path: store, handlers })
    const { code, err } = await cli('list', '--store', store)
    expect({ code, state: scheduler.state }).toEqual({ code: 1, state: 'open' })
    expect(err).toContain('is open in another process: give --url')
  })
})

describe('on a running server', () => {
  async function serve(): Promise<string> {
    const scheduler = await Scheduler.open({ path: store, handlers })
    const app = fastify()
    await app.register(schedulerHttp, { prefix: '/tasks-of/me', scheduler, token: TOKEN })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(async () => {
      await app.close()
      await scheduler.close()
    })
    return `${url}/tasks-of/me/`
  }

  test('the same is done over HTTP', async () => {
    const { dead, later } = await fill()
    const at = ['--url', await serve()]
    expect((await cli('list', ...at)).err).toContain('set ASHLAR_SCHEDULER_TOKEN')
    vi.stubEnv('ASHLAR_SCHEDULER_TOKEN', TOKEN)
    onTestFinished(() => void vi.unstubAllEnvs())
    const listed = await cli('list', '--state', 'dead', '--queue', 'q', ...at, '--json')
    expect(JSON.parse(listed.out).tasks).toHaveLength(3)
    expect(await cli('pause', 'q', ...at)).toMatchObject({ code: 0 })
    expect(await cli('retry', dead[0] ?? '', ...at)).toMatchObject({ code: 0 })
    const redriven = await cli('redrive', 'q', ...at, '--json')
    expect(JSON.parse(redriven.out)).toEqual({ queue: 'q', redriven: 2, dead: 0 })
    expect((await cli('stats', ...at)).out).toMatch(/^q +3 +0 +0 +0 +0 +0 +paused$/m)
    expect(await cli('cancel', later, ...at)).toMatchObject({ code: 0 })
    expect(await cli('cancel', later, ...at)).toMatchObject({ code: 1, out: `${later}  unknown` })
    expect(await cli('resume', 'q', ...at)).toMatchObject({ code: 0 })
  })

  test('schedules are looked after over HTTP, a task edited, a key paused', async () => {
    await fillSchedules()
    const { later } = await fill()
    const at = ['--url', await serve()]
    vi.stubEnv('ASHLAR_SCHEDULER_TOKEN', TOKEN)
    onTestFinished(() => void vi.unstubAllEnvs())
    await expectSchedulesToWork(at)
    expect(await cli('edit', later, '--payload', '7', ...at)).toMatchObject({ code: 0 })
    expect((await cli('show', later, ...at)).out).toMatch(/^payload +7$/m)
    expect(await cli('pause', 'default', '--key', 'ada', ...at)).toMatchObject({ code: 0 })
    expect(await cli('retry', later, ...at)).toMatchObject({ code: 0 })
    expect((await cli('show', later, ...at)).out).toMatch(/^state +scheduled$/m)
    expect(await cli('resume', 'default', '--key', 'ada', ...at)).toMatchObject({ code: 0 })
  })

  test('one that does not answer, or is something else, is told apart', async () => {
    const app = fastify()
    app.get('/tasks', async () => 'hello')
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const other = await cli('list', '--url', url)
    expect(other.err).toContain('is not the HTTP surface of a scheduler')
    await app.close()
    expect((await cli('list', '--url', url)).err).toContain('does not answer')
  })
})

test('a timing is previewed without any store', async () => {
  const after = ['--after', '2026-03-28T12:00:00Z']
  const cron = ['--cron', '30 2 * * *', '--time-zone', 'Europe/Berlin']
  const one = await cli('schedules', 'preview', ...cron, ...after, '--count', '1')
  expect(one).toEqual({ code: 0, out: '2026-03-29T01:00:00.000Z', err: '' })
  const rule = ['--rrule', 'FREQ=DAILY;COUNT=2', '--start-at', '2026-04-01T05:00:00Z']
  const two = await cli('schedules', 'preview', ...rule, ...after, '--json')
  expect(JSON.parse(two.out)).toEqual({
    times: [Date.UTC(2026, 3, 1, 5), Date.UTC(2026, 3, 2, 5)],
  })
  const beat = ['--every-ms', '1000', '--start-at', '0', '--after', '1970-01-01', '--count', '1']
  expect((await cli('schedules', 'preview', ...beat)).code).toBe(2)
  expect(await cli('schedules', 'preview', '--cron', 'x')).toMatchObject({ code: 2 })
  expect(await cli('schedules', 'preview')).toMatchObject({ code: 2 })
  expect(await cli('schedules', 'preview', 's', ...cron)).toMatchObject({ code: 2 })
})

test('a wrong call has another exit code than one that fails', async () => {
  expect(await cli('list')).toMatchObject({ code: 2 })
  expect(await cli('list', '--store', store, '--url', 'http://x')).toMatchObject({ code: 2 })
  expect(await cli('list', '--url', 'nowhere')).toMatchObject({ code: 2 })
  expect(await cli('lsit', '--store', store)).toMatchObject({ code: 2 })
  expect(await cli('serve', '--store', store, '--host', '0.0.0.0')).toMatchObject({ code: 2 })
  expect(await cli('bench', '--tasks', 'many')).toMatchObject({ code: 2 })
  expect(await cli('list', '--store', store)).toMatchObject({ code: 1 })
  expect(await cli('--version')).toMatchObject({ code: 0, out: '1.2.3\n' })
  expect((await cli('--help')).out).toContain('Exit codes')
})

test('bench measures and leaves nothing behind', async () => {
  const { code, out } = await cli('bench', '--tasks', '2000', '--json')
  expect(code).toBe(0)
  const rates = Object.values(JSON.parse(out) as Record<string, number>)
  expect(rates).toHaveLength(3)
  for (const rate of rates) expect(rate).toBeGreaterThan(0)
})
