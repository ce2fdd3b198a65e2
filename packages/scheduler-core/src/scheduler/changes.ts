import { SchedulerError } from '../errors.ts'
import type { Kernel } from './kernel.ts'

/** How every change is made: one step, and the promise that it is stored. */
export class Changes {
  readonly #kernel: Kernel
  #unacknowledged = 0

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  async make<T>(step: () => T): Promise<T> {
    this.check()
    const { journal, runner, options } = this.#kernel
    if (this.#unacknowledged >= options.maxUnacknowledged) {
      throw new SchedulerError(
        'SCHEDULER_BUSY',
        `${this.#unacknowledged} calls wait for the store: await some before making more`,
      )
    }
    const result = step()
    runner.dispatch()
    this.#unacknowledged += 1
    try {
      await journal.acknowledged()
    } catch (error) {
      throw this.#kernel.refusal() ?? error
    } finally {
      this.#unacknowledged -= 1
    }
    return result
  }

  check(): void {
    const refusal = this.#kernel.refusal()
    if (refusal !== undefined) throw refusal
  }

  checkReadable(): void {
    if (this.#kernel.state === 'closed') this.check()
  }
}
