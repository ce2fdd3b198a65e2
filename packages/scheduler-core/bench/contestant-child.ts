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
const CONTESTANTS: Readonly<Record<string, Open>> = {
  ours: async (place) => (await import('./contestants/ours.ts')).openOurs(place),
  bullmq: async (place) => (await import('./contestants/bullmq.ts')).openBullmq(place),
  graphile: (place) => graphile(place, false),
  'graphile-order': (place) => graphile(place, true),
  'pg-boss': (place) => pgBoss(place, false),
  'pg-boss-order': (place) => pgBoss(place, true),
  pglite: (place) => pglite(place, false),
  'pglite-order': (place) => pglite(place, true),
}

async function graphile(place: Place, ordered: boolean): Promise<Contestant> {
  const { openGraphile } = await import('./contestants/graphile.ts')
  return openGraphile(place, ordered)
}

async function pgBoss(place: Place, ordered: boolean): Promise<Contestant> {
  const { openPgBoss } = await import('./contestants/pg-boss.ts')
  return openPgBoss(place, ordered)
}

async function pglite(place: Place, ordered: boolean): Promise<Contestant> {
  const { openPglite } = await import('./contestants/pg-boss.ts')
  return openPglite(place, ordered)
}

type Scenario = (peer: Contestant, ...args: number[]) => Promise<unknown>

const SCENARIOS = {
  execute,
  interrupt,
  lag,
  order,
  pending,
  resume,
  scheduleBulk,
  scheduleOne,
  clear: (peer: Contestant) => peer.clear(),
} as const satisfies Readonly<Record<string, unknown>>

/** What a parent asks for; each is answered by `{ result }` or `{ error }`. */
export interface Request {
  readonly scenario: keyof typeof SCENARIOS
  readonly args: readonly number[]
}

const [name = '', place = '{}'] = process.argv.slice(2)
const open = CONTESTANTS[name]
if (open === undefined) throw new Error(`there is no contestant ${name}`)
const peer = await open(JSON.parse(place) as Place)

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
