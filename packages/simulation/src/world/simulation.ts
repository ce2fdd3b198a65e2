import { type Random, seededRandom, VirtualClock } from '@ashlar/codec'
import { MachineGuard } from './machine-guard.ts'
import { Trace } from './trace.ts'
import { Turns } from './turns.ts'
import { Violation } from './violation.ts'

/** What the wall clock shows when a simulation begins. */
const START_MS = Date.UTC(2026, 0, 1)
/** True time after which a run counts as one that does not end. */
const MAX_VIRTUAL_MS = 365 * 86_400_000
const MAX_TIMERS = 400_000

/** How a simulation is run. */
export interface SimulationOptions {
  /**
   * Finds it a violation when the machine is asked for time or chance. Default true; false is for tests
   * that bring timeouts of their own and compare no traces.
   */
  readonly guarded?: boolean
}

/** How a simulation ended. */
export interface SimulationResult {
  readonly violation: Violation | undefined
  readonly trace: Trace
  /** True time that went by in the simulation. */
  readonly virtualMs: number
}

/**
 * A world that follows from a seed: one true clock, chance in named streams, and a trace. What runs
 * in it gets time, disk and network from here, never from the machine.
 *
 * One simulation runs at a time in a process, as it owns the event loop while it runs.
 *
 * @example
 * ```ts
 * const { violation, trace } = await Simulation.run(42, async (world) => {
 *   world.clock.setTimer(() => world.note('ring'), 1_000)
 *   await world.sleep(2_000)
 * })
 * ```
 */
export class Simulation {
  readonly seed: number
  readonly trace: Trace = new Trace()
  /** The true time, which no node sees. */
  readonly clock: VirtualClock
  readonly #turns = new Turns()
  readonly #guard = new MachineGuard()
  #violation: Violation | undefined

  private constructor(seed: number) {
    this.seed = seed
    this.clock = new VirtualClock({ startMs: START_MS, settle: () => this.#turns.settle() })
  }

  /** Runs `main` in a world of its own until it ends or an invariant is violated. Never rejects. */
  static async run(
    seed: number,
    main: (world: Simulation) => Promise<void>,
    { guarded = true }: SimulationOptions = {},
  ): Promise<SimulationResult> {
    const world = new Simulation(seed)
    const undo = [world.#turns.install(), world.#catchStrays()]
    if (guarded) undo.push(world.#guard.install())
    try {
      await world.#drive(main(world))
    } finally {
      for (const step of undo.reverse()) step()
    }
    const [use] = world.#guard.uses
    if (use !== undefined)
      world.report(new Violation('determinism', `the machine is asked: ${use}`))
    return {
      violation: world.#violation,
      trace: world.trace,
      virtualMs: world.clock.monotonic(),
    }
  }

  /** A stream of chance of its own: what one part draws does not change what another gets. */
  random(name: string): Random {
    return seededRandom(`${this.seed}/${name}`)
  }

  /** Adds a line to the trace. */
  note(text: string): void {
    this.trace.add(this.clock.monotonic(), text)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimer(resolve, ms))
  }

  /** Ends the run: the first violation counts. For checks within callbacks of the code under test. */
  report(violation: Violation): void {
    if (this.#violation !== undefined) return
    this.#violation = violation
    this.note(`VIOLATION ${violation.message}`)
  }

  /** As {@link Simulation.report}, with whatever was thrown. */
  fail(error: unknown): void {
    this.report(asViolation(error))
  }

  async #drive(main: Promise<void>): Promise<void> {
    let ended = false
    main.then(
      () => {
        ended = true
      },
      (error: unknown) => {
        ended = true
        this.fail(error)
      },
    )
    for (let timers = 0; ; timers += 1) {
      await this.#step(() => this.#turns.settle())
      if (ended || this.#violation !== undefined) return
      const more = await this.#step(() => this.clock.advanceToNext())
      if (more === false && !ended) {
        // what was ready may have ended it meanwhile
        await this.#turns.settle()
        if (!ended) this.report(new Violation('progress', 'nothing is left to wait for'))
      } else if (this.clock.monotonic() > MAX_VIRTUAL_MS || timers > MAX_TIMERS) {
        this.report(new Violation('progress', `no end after ${timers} timers`))
      }
    }
  }

  /** What a timer or an immediate throws is a finding as well. */
  async #step<T>(step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step()
    } catch (error) {
      this.report(new Violation('uncaught', describe(error), error))
      return undefined
    }
  }

  /** Rejections that nobody handles, and what microtasks throw. */
  #catchStrays(): () => void {
    const onRejection = (reason: unknown): void =>
      this.report(new Violation('unhandled-rejection', describe(reason), reason))
    const onException = (error: unknown): void =>
      this.report(new Violation('uncaught', describe(error), error))
    process.on('unhandledRejection', onRejection)
    process.on('uncaughtException', onException)
    return () => {
      process.off('unhandledRejection', onRejection)
      process.off('uncaughtException', onException)
    }
  }
}

function asViolation(error: unknown): Violation {
  return error instanceof Violation ? error : new Violation('error', describe(error), error)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? `${code} ${error.message}` : error.message
}
