import type { Denial } from './denial.ts'

/** Denials so close to each other are one entry with a count. */
const GROUPING_MS = 60_000
/** Entries that are looked through for one to count up. */
const GROUPING_DEPTH = 10

export interface AclLogFacts {
  readonly reason: Denial['reason'] | 'auth'
  readonly context: 'toplevel' | 'multi' | 'lua'
  /** The command, key or channel. */
  readonly object: string
  readonly username: string
  readonly client: string
}

export interface AclLogEntry extends AclLogFacts {
  readonly id: number
  readonly createdAt: number
  client: string
  updatedAt: number
  count: number
}

/** The latest denials, newest first. */
export class AclLog {
  #entries: AclLogEntry[] = []
  #nextId = 0

  get entries(): readonly AclLogEntry[] {
    return this.#entries
  }

  add(facts: AclLogFacts, now: number, maxEntries: number): void {
    const at = this.#entries.slice(0, GROUPING_DEPTH).findIndex((entry) => {
      const { reason, context, object, username } = facts
      return (
        entry.reason === reason &&
        entry.context === context &&
        entry.object === object &&
        entry.username === username &&
        now - entry.updatedAt <= GROUPING_MS
      )
    })
    const [known] = at === -1 ? [] : this.#entries.splice(at, 1)
    if (known === undefined) {
      const id = this.#nextId
      this.#nextId += 1
      this.#entries.unshift({ ...facts, id, createdAt: now, updatedAt: now, count: 1 })
    } else {
      known.count += 1
      known.updatedAt = now
      known.client = facts.client
      this.#entries.unshift(known)
    }
    this.#entries.length = Math.min(this.#entries.length, maxEntries)
  }

  clear(): void {
    this.#entries = []
  }
}
