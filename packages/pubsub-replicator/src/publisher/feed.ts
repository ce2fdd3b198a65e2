import { MESSAGE_ITEMS_MAX, type WireChange } from '../protocol/messages.ts'
import { entryBytes } from './log-pages.ts'
import type { Audience } from './logged-row.ts'

interface Lease {
  leaseMs: number
  until: number
}

/** What is published of one selection, and who listens. */
export class Feed {
  readonly audience: Audience
  readonly subject: string
  /** All changes up to here were published, or left to be pulled. */
  covered: number
  /** Something was published since the last heartbeat. */
  active = false
  /** Its coverage is awaited: a commit went over several tables. */
  due = false
  readonly #leases = new Map<string, Lease>()
  #changes: WireChange[] = []
  #bytes = 0

  constructor(audience: Audience, subject: string, covered: number) {
    this.audience = audience
    this.subject = subject
    this.covered = covered
  }

  /** Nodes that listen at the moment. */
  get nodes(): IterableIterator<string> {
    return this.#leases.keys()
  }

  get listened(): boolean {
    return this.#leases.size > 0
  }

  grant(node: string, leaseMs: number, nowMs: number): void {
    this.#leases.set(node, { leaseMs, until: nowMs + leaseMs })
  }

  /** False when the node has no lease to prolong. */
  prolong(node: string, nowMs: number): boolean {
    const lease = this.#leases.get(node)
    if (lease !== undefined) lease.until = nowMs + lease.leaseMs
    return lease !== undefined
  }

  revoke(node: string): void {
    this.#leases.delete(node)
  }

  expire(nowMs: number): void {
    for (const [node, { until }] of this.#leases) if (until < nowMs) this.#leases.delete(node)
  }

  add(change: WireChange): void {
    this.#changes.push(change)
    this.#bytes += entryBytes(change.entries)
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  /** Takes what is to be published, in portions of about `maxBytes`. */
  take(maxBytes: number): WireChange[][] {
    const portions: WireChange[][] = []
    let room = Number.NEGATIVE_INFINITY
    for (const change of this.#changes) {
      const bytes = entryBytes(change.entries)
      if (bytes > room || portions.at(-1)?.length === MESSAGE_ITEMS_MAX) {
        portions.push([])
        room = maxBytes
      }
      portions.at(-1)?.push(change)
      room -= bytes
    }
    this.discard()
    return portions
  }

  /** Leaves what is pending to be pulled. */
  discard(): void {
    this.#changes = []
    this.#bytes = 0
  }
}
