// Ten thousand cancels, edits and reschedules around the due time, on real time and a real disk: each
// is before the start of its task or after it, never half (I7). SCHEDULER_RACES raises the number.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HandlerMap, Scheduler } from '@ashlar/scheduler-core'
import { expect, onTestFinished, test } from 'vitest'

const RACES = Number(process.env['SCHEDULER_RACES'] ?? 10_000)
const SPREAD_MS = 1_000

interface Race {
  readonly n: number
  readonly dueAt: number
  id: string
  starts: number
  edition: number
  outcome: string
}

test(`${RACES} cancels and edits that race with the start are each before it or after it`, async () => {
  const path = mkdtempSync(join(tmpdir(), 'scheduler-race-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const races: Race[] = []
  const run = ({ n, edition }: { n: number; edition: number }): void => {
    const race = races[n]
    if (race === undefined) throw new RangeError(`task ${n} was never made`)
    race.starts += 1
    race.edition = edition
  }
  const scheduler = await Scheduler.open<HandlerMap>({ path, handlers: { run: { run } } })
  const first = Date.now() + 1_000
  for (let n = 0; n < RACES; n++) {
    const dueAt = first + ((n * 7_919) % SPREAD_MS)
    races.push({ n, dueAt, id: '', starts: 0, edition: -1, outcome: '' })
  }
  for (let from = 0; from < RACES; from += 1_000) {
    const some = races.slice(from, from + 1_000)
    const results = await scheduler.scheduleMany(
      some.map(({ n, dueAt }) => ({
        handler: 'run' as const,
        payload: { n, edition: 0 },
        dueAt,
        ...(n % 3 === 0 && { key: String(n % 90) }),
      })),
    )
    for (const [index, race] of some.entries()) race.id = results[index]?.id ?? ''
  }
  await Promise.all(races.map((race) => contest(scheduler, race)))
  await sleep(Math.max(0, first + SPREAD_MS - Date.now()))
  while (scheduler.counts().scheduled + scheduler.counts().waiting > 0) await sleep(10)
  await scheduler.idle()

  const outcomes = new Map<string, number>()
  const broken = races.filter((race) => {
    outcomes.set(race.outcome, (outcomes.get(race.outcome) ?? 0) + 1)
    return !isWhole(race)
  })
  expect(broken).toEqual([])
  expect(outcomes.size, 'too few different outcomes for a race').toBeGreaterThan(2)
  await scheduler.close()
}, 120_000)

/** Calls as close to the due time as the timers of the machine allow, on both sides of it. */
async function contest(scheduler: Scheduler<HandlerMap>, race: Race): Promise<void> {
  const offsetMs = (race.n % 7) - 3
  await sleep(Math.max(0, race.dueAt + offsetMs - Date.now()))
  if (race.n % 2 === 0) {
    race.outcome = await scheduler.cancel(race.id)
    if (race.outcome === 'cancelled') expect(race.starts).toBe(0)
    return
  }
  race.outcome = await scheduler.edit(race.id, { payload: { n: race.n, edition: 1 } })
}

function isWhole({ n, outcome, starts, edition }: Race): boolean {
  if (n % 2 === 0 && outcome === 'cancelled') return starts === 0
  if (n % 2 === 1 && outcome === 'edited') return starts === 1 && edition === 1
  // It had started; nothing of it is kept, so it may be unknown by then.
  return starts === 1 && edition === 0 && (outcome === 'too-late' || outcome === 'unknown')
}
