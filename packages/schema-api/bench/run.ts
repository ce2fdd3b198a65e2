// `pnpm --filter @ashlar/schema-api bench`: ours against the floor that no framework can beat.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contest, type Row, runBench } from '@ashlar/bench-kit'
import autocannon from 'autocannon'
import { CUSTOMERS, createShop, ORDERS, placedOn, STATUSES } from './shop-database.ts'

const CONNECTIONS = 16

interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

const any = (below: number): number => 1 + Math.floor(Math.random() * below)
const anyOf = (values: readonly string[]): string => values[any(values.length) - 1] ?? ''

function listPath(fields: string): string {
  const filter = { status: { _eq: anyOf(STATUSES) }, placed_on: { _gt: placedOn(any(ORDERS)) } }
  const query = new URLSearchParams({ filter: JSON.stringify(filter), sort: 'placed_on' })
  return `/items/orders?${query.toString()}&limit=25${fields}`
}

const CALLS = {
  'by id': () => ({ method: 'GET', path: `/items/orders/${any(ORDERS)}` }),
  'list 25, filter and sort': () => ({ method: 'GET', path: listPath('') }),
  'list 25 with many-to-one': () => ({
    method: 'GET',
    path: listPath('&fields=id,total,customer_id.name'),
  }),
  'aggregate by group': () => ({
    method: 'GET',
    path: `/items/orders?aggregate[count]=*&aggregate[avg]=total&groupBy=status&filter[customer_id][_eq]=${any(CUSTOMERS)}`,
  }),
  'POST one': () => ({
    method: 'POST',
    path: '/items/orders',
    body: JSON.stringify({
      customer_id: any(CUSTOMERS),
      status: 'new',
      total: 12.5,
      placed_on: placedOn(ORDERS + any(ORDERS)),
    }),
  }),
} as const satisfies Record<string, () => Call>

interface Side {
  readonly url: string
  readonly child: ChildProcess
}

async function startSide(side: 'ours' | 'floor', path: string): Promise<Side> {
  const child = fork(new URL('./server.ts', import.meta.url), [side, path])
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { url: `http://127.0.0.1:${port}`, child }
}

/**
 * Keeps 16 connections busy for some seconds and gives the requests answered per second of the
 * server's own CPU time: what one core can do, whatever else the machine and the client are at.
 */
async function load(side: Side, call: () => Call, seconds: number): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const requests = Array.from({ length: 500 }, () => ({ ...call(), headers }))
  const before = await cpuSeconds(side)
  const result = await autocannon({
    url: side.url,
    connections: CONNECTIONS,
    duration: seconds,
    requests,
  })
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${side.url} answered ${result.non2xx} non-2xx and ${result.errors} errors`)
  }
  return result['2xx'] / ((await cpuSeconds(side)) - before)
}

async function cpuSeconds({ child }: Side): Promise<number> {
  child.send('cpu')
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }]
  return cpu
}

async function open(call: () => Call, quick: boolean): Promise<Contest> {
  const folder = mkdtempSync(join(tmpdir(), 'schema-api-bench-'))
  const paths = { ours: join(folder, 'ours.db'), floor: join(folder, 'floor.db') }
  createShop(paths.ours)
  copyFileSync(paths.ours, paths.floor)
  const ours = await startSide('ours', paths.ours)
  const floor = await startSide('floor', paths.floor)
  await sameAnswer(ours, floor, call())
  const seconds = quick ? 1 : 2
  return {
    ours: () => load(ours, call, seconds),
    theirs: () => load(floor, call, seconds),
    async close() {
      for (const { child } of [ours, floor]) {
        child.disconnect()
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true })
    },
  }
}

/** A floor that answers something else would be no floor. */
async function sameAnswer(ours: Side, floor: Side, { path, ...call }: Call): Promise<void> {
  const options = { ...call, headers: { 'content-type': 'application/json' } }
  const [own, other] = await Promise.all(
    [ours, floor].map(async ({ url }) => (await fetch(url + path, options)).json()),
  )
  const [left, right] = [JSON.stringify(own), JSON.stringify(other)]
  if (left !== right) throw new Error(`${path} answers differ:\n${left}\n${right}`)
}

const rows = Object.entries(CALLS).map(
  ([name, call]): Row => ({
    name,
    unit: 'req per CPU s',
    peer: 'node:http + node:sqlite',
    must: 0.4,
    aim: 0.7,
    rounds: process.argv.includes('--quick') ? 3 : 9,
    open: ({ quick }) => open(call, quick),
  }),
)

await runBench('@ashlar/schema-api', rows)
