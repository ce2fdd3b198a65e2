import type { Arena } from './arena.ts'
import type { Scale } from './scale.ts'
import type { Pending, Resumed } from './scenarios.ts'

/** What takes long and gives more than one figure: once for each contestant, for all rows. */
export class LongRuns {
  readonly #arena: Arena
  readonly #scale: Scale
  readonly #pending = new Map<string, Promise<Pending>>()
  readonly #killed = new Map<string, Promise<Resumed>>()

  constructor(arena: Arena, scale: Scale) {
    this.#arena = arena
    this.#scale = scale
  }

  /** Tasks that wait, in a process that has done nothing else. */
  pending(contestant: string): Promise<Pending> {
    return once(this.#pending, contestant, async () => {
      await this.#arena.kill(contestant)
      const { pending, samples } = this.#scale
      return await this.#arena.call<Pending>(contestant, 'pending', pending, samples)
    })
  }

  /** 50 runs cut off by kill -9. */
  killed(contestant: string): Promise<Resumed> {
    return once(this.#killed, contestant, async () => {
      const tasks = 50
      await this.#arena.call(contestant, 'interrupt', tasks)
      await this.#arena.kill(contestant)
      return await this.#arena.call<Resumed>(contestant, 'resume', tasks)
    })
  }
}

function once<T>(known: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const run = known.get(name) ?? make()
  known.set(name, run)
  return run
}
