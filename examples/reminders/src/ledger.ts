import type { Deployment, Reminded } from './deploy.ts'

export interface Summary {
  /** Reminders by the release that sent them first. */
  readonly first: number
  readonly second: number
  readonly again: number
  readonly early: number
  readonly disordered: number
}

/** What was sent: the view of the people who get the reminders. */
export class Ledger {
  readonly #seen = new Set<string>()
  /** What each person got, by fence: what several processes tell may be heard in another order. */
  readonly #sent = new Map<string, Map<number, number>>()
  readonly #by = { first: 0, second: 0 }
  #again = 0
  #early = 0
  #waiting: { readonly count: number; resolve(): void; reject(error: Error): void } | undefined

  /** What a deployed release is watched with. */
  watching(release: string): Pick<Deployment, 'onReminded' | 'onDied'> {
    return {
      onReminded: (reminded) => this.add(release, reminded),
      onDied: (error) => this.fail(error),
    }
  }

  add(release: string, { to, text, lateMs, fence }: Reminded): void {
    const number = Number.parseInt(text, 10)
    if (lateMs < 0) this.#early += 1
    const sent = this.#sent.get(to) ?? new Map<number, number>()
    this.#sent.set(to, sent.set(fence, number))
    const name = `${to} ${number}`
    if (this.#seen.has(name)) this.#again += 1
    else this.#by[release === 'first' ? 'first' : 'second'] += 1
    this.#seen.add(name)
    if (this.#waiting !== undefined && this.#seen.size >= this.#waiting.count) {
      this.#waiting.resolve()
    }
  }

  /** Resolves when so many different reminders have been sent. */
  async reached(count: number): Promise<void> {
    if (this.#seen.size >= count) return
    await new Promise<void>((resolve, reject) => {
      this.#waiting = { count, resolve, reject }
    })
  }

  /** Nothing more will be sent. */
  fail(error: Error): void {
    this.#waiting?.reject(error)
  }

  /** The one that a kill cut off comes again; anything else must be the next one. */
  #disordered(): number {
    let count = 0
    for (const sent of this.#sent.values()) {
      let latest = 0
      for (const [, number] of [...sent].sort(([a], [b]) => a - b)) {
        if (number !== latest + 1 && number !== latest) count += 1
        latest = number
      }
    }
    return count
  }

  summary(): Summary {
    return {
      ...this.#by,
      again: this.#again,
      early: this.#early,
      disordered: this.#disordered(),
    }
  }
}
