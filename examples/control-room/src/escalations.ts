import type { DatabaseSync } from 'node:sqlite'
import { ClusterScheduler, Scheduler } from '@ashlar/scheduler-core'
import type { Transport } from '@ashlar/transport'

/** Who is told, in order, until somebody acknowledges. */
const ON_CALL = ['first on call', 'second on call', 'duty manager'] as const

interface Step {
  readonly alertId: string
  /** 1 for the first person of {@link ON_CALL}. */
  readonly level: number
}

const QUEUE = 'escalations'
const CLUSTER = { namespace: 'control-room', partitions: 4 } as const

/** The code that tasks run, as the scheduler knows it. */
interface Handlers {
  readonly escalate: { readonly run: (step: Step) => Promise<void> }
  readonly [name: string]: { readonly run: (step: Step) => Promise<void> }
}

/** Where tasks are: in a folder, or in logs that a cluster shares. */
type Tasks = Pick<Scheduler<Handlers> | ClusterScheduler<Handlers>, 'metrics' | 'close'> & {
  schedule(task: {
    readonly queue: string
    readonly handler: 'escalate'
    readonly payload: Step
    readonly key: string
    readonly uniqueKey: string
    readonly delayMs: number
  }): Promise<unknown>
  cancel(ref: {
    readonly queue: string
    readonly key: string
    readonly uniqueKey: string
  }): Promise<unknown>
}

interface Escalation {
  readonly alert_id: string
  readonly status: 'open' | 'acknowledged' | 'unanswered'
  readonly level: number
}

export interface EscalationsOptions {
  /** A folder of its own, or the transport of a cluster. */
  readonly tasks: { readonly path: string } | { readonly transport: Transport }
  readonly database: DatabaseSync
  /** How long each person has to acknowledge. */
  readonly stepMs: number
}

const uniqueKeyOf = ({ alertId, level }: Step): string => `${alertId}#${level}`

/**
 * Turns alerts into escalations: a task per step, due later, unless somebody acknowledges. SQL holds
 * the state that people see; a task that runs twice after a crash finds its step done.
 */
export class Escalations {
  readonly #options: EscalationsOptions
  #opened: Tasks | undefined

  private constructor(options: EscalationsOptions) {
    this.#options = options
  }

  static async open(options: EscalationsOptions): Promise<Escalations> {
    const escalations = new Escalations(options)
    const handlers: Handlers = { escalate: { run: (step) => escalations.#escalate(step) } }
    const { tasks } = options
    escalations.#opened =
      'path' in tasks
        ? await Scheduler.open({ path: tasks.path, handlers })
        : await ClusterScheduler.open({ ...CLUSTER, transport: tasks.transport, handlers })
    await escalations.#resume()
    return escalations
  }

  /** Tells the first person at once, the next one after each step. */
  async start(alertId: string): Promise<void> {
    await this.#schedule({ alertId, level: 1 }, 0)
  }

  /** Stops what is scheduled for an alert that somebody has taken care of. */
  async acknowledge(alertId: string): Promise<void> {
    const { level } = this.#read(alertId) ?? { level: 0 }
    const uniqueKey = uniqueKeyOf({ alertId, level: level + 1 })
    await this.#tasks.cancel({ queue: QUEUE, key: alertId, uniqueKey })
  }

  /** Tasks not yet done, and done since the process started. */
  counts(): { readonly due: number; readonly done: number } {
    const { queues, completed } = this.#tasks.metrics()
    const { scheduled = 0, waiting = 0, running = 0 } = queues[QUEUE] ?? {}
    return { due: scheduled + waiting + running, done: completed }
  }

  async close(): Promise<void> {
    await this.#opened?.close()
  }

  get #tasks(): Tasks {
    if (this.#opened === undefined) throw new Error('the scheduler is not open yet')
    return this.#opened
  }

  #read(alertId: string): Escalation | undefined {
    const select = this.#options.database.prepare('SELECT * FROM escalations WHERE alert_id = ?')
    return select.get(alertId) as Escalation | undefined
  }

  /** The handler. Idempotent: a step that SQL already knows is not told twice. */
  async #escalate(step: Step): Promise<void> {
    const { database, stepMs } = this.#options
    const { alertId, level } = step
    if (this.#read(alertId)?.status !== 'open') return
    if (level > ON_CALL.length) {
      database
        .prepare(
          "UPDATE escalations SET status = 'unanswered' WHERE alert_id = ? AND status = 'open'",
        )
        .run(alertId)
    } else {
      await this.#schedule({ alertId, level: level + 1 }, stepMs)
      database
        .prepare('UPDATE escalations SET level = ?, notified = ? WHERE alert_id = ? AND level < ?')
        .run(level, ON_CALL.slice(0, level).join(', '), alertId, level)
    }
  }

  async #schedule(step: Step, delayMs: number): Promise<void> {
    await this.#tasks.schedule({
      queue: QUEUE,
      handler: 'escalate',
      payload: step,
      key: step.alertId,
      uniqueKey: uniqueKeyOf(step),
      delayMs,
    })
  }

  /** After a crash between SQL and the scheduler: every open escalation has its next step. */
  async #resume(): Promise<void> {
    // node:sqlite types no columns; the query names them
    const open = this.#options.database
      .prepare("SELECT alert_id, level FROM escalations WHERE status = 'open'")
      .all() as unknown as Pick<Escalation, 'alert_id' | 'level'>[]
    for (const { alert_id: alertId, level } of open) {
      await this.#schedule({ alertId, level: level + 1 }, level === 0 ? 0 : this.#options.stepMs)
    }
  }
}
