// One contestant in a process of its own, told by its parent what to do: so that none pays for the
// garbage of another, memory can be measured, and kill -9 is real.
import type { Contestant, Open, Place } from './contestants/contestant.ts'
import {
  execute,
  interrupt,
  lag,
  order,
  pending,
  resume,
  scheduleBulk,
  scheduleOne,
} from './scenarios.ts'

/** Loaded when needed: a process holds no other contestant's code. */
const CONTESTANTS: Readonly<Record<string, () => Promise<Open>>> = {
  ours: async () => (await import('./contestants/ours.ts')).openOurs,
  jetstream: async () => (await import('./contestants/jetstream.ts')).openJetStream,
  'bare-append': async () => (await import('./contestants/bare-append.ts')).openBareAppend,
  bullmq: async () => (await import('./contestants/bullmq.ts')).openBullmq,
  graphile: () => graphile(false),
  'graphile-order': () => graphile(true),
  'pg-boss': () => pgBoss(false),
  'pg-boss-order': () => pgBoss(true),
  pglite: () => pglite(false),
  'pglite-order': () => pglite(true),
}

async function graphile(ordered: boolean): Promise<Open> {
  const { openGraphile } = await import('./contestants/graphile.ts')
  return (place) => openGraphile(place, ordered)
}

async function pgBoss(ordered: boolean): Promise<Open> {
  const { openPgBoss } = await import('./contestants/pg-boss.ts')
  return (place) => openPgBoss(place, ordered)
}

async function pglite(ordered: boolean): Promise<Open> {
  const { openPglite } = await import('./contestants/pg-boss.ts')
  return (place) => openPglite(place, ordered)
}

const [name = '', place = '{}'] = process.argv.slice(2)
const load = CONTESTANTS[name]
if (load === undefined) throw new Error(`there is no contestant ${name}`)
const open = await load()
const openedAt = performance.now()
const peer = await open(JSON.parse(place) as Place)

type Scenario = (peer: Contestant, ...args: number[]) => Promise<unknown>

const SCENARIOS = {
  execute,
  interrupt,
  lag,
  order,
  pending,
  resume: (peer: Contestant, tasks: number) => resume(peer, tasks, openedAt),
  scheduleBulk,
  scheduleOne,
  clear: (peer: Contestant) => peer.clear(),
} as const satisfies Readonly<Record<string, unknown>>

/** What a parent asks for; each is answered by `{ result }` or `{ error }`. */
export interface Request {
  readonly scenario: keyof typeof SCENARIOS
  readonly args: readonly number[]
}

async function answer({ scenario, args }: Request): Promise<unknown> {
  return (SCENARIOS[scenario] as Scenario)(peer, ...args)
}

process.on('message', (request: Request) => {
  answer(request).then(
    (result) => process.send?.({ result }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  )
})
process.send?.({ result: 'ready' })
