import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** Sources that belong to the repository, and not to the simulation or its tests. */
const WATCHED = /[\\/](?:packages|examples)[\\/](?!simulation[\\/])/
const FOREIGN = /[\\/]node_modules[\\/]/

type Anything = (...args: never[]) => unknown
type Holder = Record<string, Anything>

/** The machine's own time and chance: what code under simulation must get from its options. */
const SOURCES: readonly (readonly [holder: object, name: string])[] = [
  [Date, 'now'],
  [performance, 'now'],
  [Math, 'random'],
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [crypto, 'randomBytes'],
  [crypto, 'randomFillSync'],
  [crypto, 'randomUUID'],
]

/**
 * Watches the machine's clock, timers and randomness: each use by a package is a hole in the
 * simulation, as the run would not follow from the seed any more. Uses by others (the test runner)
 * pass.
 */
export class MachineGuard {
  /** The first lines of the repository's code that asked, in order. */
  readonly uses: string[] = []

  /** Starts to watch; the result ends it. */
  install(): () => void {
    const originals = SOURCES.map(([holder, name]) => this.#watch(holder as Holder, name))
    syncBuiltinESMExports()
    return () => {
      for (const restore of originals) restore()
      syncBuiltinESMExports()
    }
  }

  #watch(holder: Holder, name: string): () => void {
    const original = holder[name] as Anything
    const note = (): void => this.#note(name)
    holder[name] = function watched(this: unknown, ...args: never[]): unknown {
      note()
      return Reflect.apply(original, this, args)
    }
    return () => {
      holder[name] = original
    }
  }

  #note(name: string): void {
    const caller = new Error(name).stack?.split('\n')[4]
    if (caller === undefined || !WATCHED.test(caller) || FOREIGN.test(caller)) return
    this.uses.push(`${name} ${caller.trim()}`)
  }
}
