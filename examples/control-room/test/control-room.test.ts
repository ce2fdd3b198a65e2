import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { chromium } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { expectedAlerts, type Running, startControlRoom } from './run.ts'

const weather = readFileSync(
  new URL('../data/weather.csv', import.meta.resolve('vega-datasets')),
  'utf8',
)
const ALERTS = expectedAlerts(weather)
const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'

const folders: string[] = []
const running = new Set<Running>()

async function start(data: string, ...args: string[]): Promise<Running> {
  const room = await startControlRoom(data, ...args)
  running.add(room)
  void room.exited.then(() => running.delete(room))
  return room
}

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'control-room-'))
  folders.push(folder)
  return folder
}

afterEach(async () => {
  for (const room of running) {
    room.child.kill('SIGKILL')
    await room.exited
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function getItems(url: string, path: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${url}/items/${path}`)
  expect(response.status).toBe(200)
  const { data } = (await response.json()) as { data: Record<string, unknown>[] }
  return data
}

async function send(url: string, method: string, path: string, body: unknown): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/items/${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  })
  await response.arrayBuffer()
  return response.status
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 20 s')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

test('over a nats-server, each site a process of its own, the same alerts are raised', async () => {
  const data = freshFolder()
  const room = await start(data, '--once', '--nats')
  expect(await room.exited).toBe(0)
  expect(room.output()).toContain('readings kept at the edge 2,922 |')
  expect(room.output()).toContain(`alerts ${ALERTS.length} (0 open) | tasks due 0,`)
})

test('--once replays everything, raises exactly the expected alerts and ends with 0', async () => {
  const data = freshFolder()
  const room = await start(data, '--once')
  expect(await room.exited).toBe(0)
  expect(room.output()).toContain('readings kept at the edge 2,922 |')
  expect(room.output()).toContain(`alerts ${ALERTS.length} (0 open) | tasks due 0,`)
  const again = await start(data, '--speed', '1')
  expect(
    (await getItems(again.url, 'alerts?limit=-1&fields=id')).map(({ id }) => id).sort(),
  ).toEqual(ALERTS)
  const ended = await getItems(again.url, 'escalations?limit=-1&filter[status][_eq]=unanswered')
  expect(ended.length).toBe(ALERTS.length)
  again.child.kill('SIGINT')
  expect(await again.exited).toBe(0)
})

test('ten times kill -9 in the middle loses no acknowledged record, key or task', async () => {
  const data = freshFolder()
  const keys: string[] = []
  const rows: string[] = []
  for (let cycle = 0; cycle < 10; cycle += 1) {
    const room = await start(data, '--speed', '400', '--step', '50')
    const redis = new Redis(room.redisPort, { lazyConnect: true, retryStrategy: null })
    redis.on('error', () => {}) // the connection ends with the process
    await redis.connect()
    const writeKeys = async (): Promise<void> => {
      for (let i = 0; ; i += 1) {
        await redis.set(`key:${cycle}:${i}`, String(i))
        keys.push(`key:${cycle}:${i}`)
      }
    }
    const writeRows = async (): Promise<void> => {
      for (let i = 0; ; i += 1) {
        const id = `test:${cycle}:${i}`
        const row = { id, location: 'nowhere', metric: 'wind', comparison: 'above', limit: i }
        if ((await send(room.url, 'POST', 'thresholds', row)) === 200) rows.push(id)
      }
    }
    const work = Promise.allSettled([writeKeys(), writeRows()])
    const before = rows.length
    const lifeMs = 150 + ((cycle * 97) % 300)
    await eventually(async () => rows.length >= before + 3)
    const killAt = performance.now() + lifeMs
    await eventually(async () => performance.now() > killAt)
    room.child.kill('SIGKILL')
    await room.exited
    await work
    redis.disconnect()
  }
  const last = await start(data, '--once')
  expect(await last.exited, last.output()).toBe(0)

  const room = await start(data, '--speed', '1')
  expect(room.output()).not.toContain('Error')
  const alerts = await getItems(room.url, 'alerts?limit=-1&fields=id')
  expect(alerts.map(({ id }) => id).sort()).toEqual(ALERTS)
  const open = await getItems(room.url, 'escalations?limit=-1&filter[status][_neq]=unanswered')
  expect(open).toEqual([])
  const kept = await getItems(
    room.url,
    'thresholds?limit=-1&fields=id&filter[location][_eq]=nowhere',
  )
  const keptIds = new Set(kept.map(({ id }) => id))
  expect(rows.filter((id) => !keptIds.has(id))).toEqual([])
  expect(rows.length).toBeGreaterThan(30)
  const redis = new Redis(room.redisPort)
  const found = await redis.mget(keys)
  redis.disconnect()
  expect(keys.filter((_, index) => found[index] === null)).toEqual([])
  expect(keys.length).toBeGreaterThan(100)
})

test('redis-cli, ioredis and a browser talk to it while it runs', async () => {
  const room = await start(freshFolder(), '--speed', '500', '--step', '60000')
  const redis = new Redis(room.redisPort)
  await eventually(async () => Number(await redis.hget('figures:New York', 'alerts')) > 0)
  redis.disconnect()
  const { stdout } = await promisify(execFile)('redis-cli', [
    ...['-p', String(room.redisPort), 'ZRANGE', 'alerts:wind', '0', '0', 'REV'],
  ])
  expect(stdout).toMatch(/^(Seattle|New York) \d{4}-\d\d-\d\d$/m)

  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: flags })
  try {
    const page = await browser.newPage()
    await page.goto(`${room.url}/`)
    await page
      .getByRole('link', { name: /alerts/ })
      .first()
      .click()
    await page
      .getByRole('cell', { name: /^(Seattle|New York)$/ })
      .first()
      .waitFor()
  } finally {
    await browser.close()
  }
})

test('a threshold changed over REST changes which alerts arrive', async () => {
  const room = await start(freshFolder(), '--speed', '20', '--step', '60000')
  expect(await send(room.url, 'PATCH', 'thresholds/Seattle:temp_max', { limit: -50 })).toBe(200)
  const everyDay = 'alerts?limit=-1&filter[metric][_eq]=temp_max&filter[limit][_eq]=-50'
  await eventually(async () => (await getItems(room.url, everyDay)).length >= 5)
  room.child.kill('SIGINT')
  expect(await room.exited).toBe(0)
})

test('an answer stops an escalation while the others go on to the end', async () => {
  const room = await start(freshFolder(), '--speed', '2000', '--step', '400')
  const told = 'escalations?limit=1&filter[level][_eq]=1&filter[status][_eq]=open&sort=-alert_id'
  await eventually(async () => (await getItems(room.url, told)).length === 1)
  const [escalation] = await getItems(room.url, told)
  const id = encodeURIComponent(String(escalation?.['alert_id']))
  expect(await send(room.url, 'PATCH', `escalations/${id}`, { status: 'acknowledged' })).toBe(200)
  const open = 'escalations?limit=1&filter[status][_eq]=open'
  const all = 'alerts?limit=-1&fields=id'
  await eventually(
    async () =>
      (await getItems(room.url, all)).length === ALERTS.length &&
      (await getItems(room.url, open)).length === 0,
  )
  const [answered] = await getItems(room.url, `escalations?filter[alert_id][_eq]=${id}`)
  expect(answered).toMatchObject({ status: 'acknowledged', level: 1, notified: 'first on call' })
  room.child.kill('SIGINT')
  expect(await room.exited).toBe(0)
})
