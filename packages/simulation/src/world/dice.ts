import type { Random } from '@ashlar/codec'

/** Chance in the forms that plans need. */
export class Dice {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** An integer from `least` to `most`, both possible. */
  int(least: number, most: number): number {
    return least + Math.floor(this.#random.next() * (most - least + 1))
  }

  chance(share: number): boolean {
    return this.#random.next() < share
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from')
    return list[this.int(0, list.length - 1)] as T
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[]
    let left = this.#random.next() * names.reduce((sum, name) => sum + weights[name], 0)
    for (const name of names) {
      left -= weights[name]
      if (left < 0) return name
    }
    return names.at(-1) as Name
  }

  /** `count` different ones, or all when there are fewer. */
  sample<T>(list: readonly T[], count: number): T[] {
    const rest = [...list]
    const chosen: T[] = []
    while (chosen.length < count && rest.length > 0) {
      chosen.push(...rest.splice(this.int(0, rest.length - 1), 1))
    }
    return chosen
  }
}
