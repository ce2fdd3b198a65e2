// Schedules beside a naive model: which occurrences there are is known when a schedule is made, and
// each must run, once, and again only if something cut its run off (I9).
import assert from 'node:assert/strict'
import type { HandlerMap, RunContext, Scheduler } from '@ashlar/scheduler-core'

const LIFE_MS = 20_000

interface Definition {
  readonly id: string
  readonly times: ReadonlySet<number>
}

/** The handler that schedules name, and what it has seen. */
export class Recurring {
  readonly #definitions: Definition[] = []
  readonly #starts = new Map<string, number>()
  #interruptions = 0

  /** Makes a schedule of its own, upserted as often as there are instances. */
  async make(
    scheduler: Scheduler<HandlerMap>,
    now: number,
    everyMs: number,
    instances: number,
  ): Promise<void> {
    const id = `s${this.#definitions.length}`
    const startAt = now + 1
    const endAt = now + LIFE_MS
    const times = new Set<number>()
    for (let at = startAt; at <= endAt; at += everyMs) times.add(at)
    this.#definitions.push({ id, times })
    const spec = { handler: 'tick', payload: id, queue: 'ticks', everyMs, startAt, endAt }
    await Promise.all(
      Array.from({ length: instances }, () =>
        scheduler.schedules.upsert(id, { ...spec, misfire: 'all' }),
      ),
    )
  }

  /** As a deploy does: every schedule is upserted again. */
  async deploy(scheduler: Scheduler<HandlerMap>): Promise<void> {
    for (const { id, times } of this.#definitions) {
      const [startAt = 0, second = 0] = times
      const endAt = startAt - 1 + LIFE_MS
      const spec = { handler: 'tick', payload: id, queue: 'ticks', startAt, endAt }
      const everyMs = second - startAt
      const outcome = await scheduler.schedules.upsert(id, { ...spec, everyMs, misfire: 'all' })
      assert.equal(outcome, 'unchanged', `schedule ${id} is not as it was made`)
    }
  }

  interrupted(): void {
    this.#interruptions += 1
  }

  run(context: RunContext, now: number): void {
    const { scheduleId = '', dueAt } = context.task
    assert.ok(now >= dueAt, `${scheduleId} is early`)
    const definition = this.#definitions.find(({ id }) => id === scheduleId)
    assert.ok(definition?.times.has(dueAt), `${scheduleId} has no occurrence at ${dueAt}`)
    const name = `${scheduleId}@${dueAt}`
    const starts = (this.#starts.get(name) ?? 0) + 1
    this.#starts.set(name, starts)
    assert.ok(starts <= 1 + this.#interruptions, `${name} runs for the ${starts}. time`)
  }

  /** When all time is over. */
  checkEnd(): void {
    for (const { id, times } of this.#definitions) {
      const missed = [...times].filter((at) => !this.#starts.has(`${id}@${at}`))
      assert.deepEqual(missed, [], `occurrences of ${id} that never ran`)
    }
  }
}
