import type { Clock } from '@ashlar/codec'
import type { Operation } from '@ashlar/lsm-store'
import type { Ledger, RemoteRow } from '../ledger/ledger.ts'
import { MESSAGE_ITEMS_MAX } from '../protocol/messages.ts'
import type { Reporter } from '../reporter.ts'
import type { Link } from './link.ts'
import { Signal } from './signal.ts'

const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 5000

/** What a peer works with. */
export interface PeerOptions {
  readonly node: string
  readonly ledger: Ledger
  readonly clock: Clock
  readonly reporter: Reporter
  /** Rows of several commits are applied as one batch up to this size. */
  readonly groupBytes: number
}

interface Group {
  readonly rows: readonly RemoteRow[]
  /** How many changes of each link are in it. */
  readonly taken: ReadonlyMap<Link, number>
}

/**
 * All that is received from one publisher: brings the parts of a commit that went over several
 * tables together again, and applies whole commits, in order, many in one batch.
 */
export class Peer {
  readonly node: string
  readonly links: Map<string, Link> = new Map()
  readonly #options: PeerOptions
  readonly #work: Signal
  readonly #end: Signal
  #closed = false
  readonly #running: Promise<void>

  constructor(options: PeerOptions) {
    this.node = options.node
    this.#options = options
    this.#work = new Signal(options.clock)
    this.#end = new Signal(options.clock)
    this.#running = this.#run()
  }

  /** Something was received. */
  notify(): void {
    this.#work.notify()
  }

  /** Finishes what is being applied, then ends. */
  async close(): Promise<void> {
    this.#closed = true
    this.#work.notify()
    this.#end.notify()
    await this.#running
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_MS_MIN
    while (!this.#closed) {
      const group = this.#collect()
      if (group === undefined) {
        await this.#work.wait()
        continue
      }
      try {
        await this.#apply(group)
        retryMs = RETRY_MS_MIN
      } catch (error) {
        for (const link of group.taken.keys()) link.stall(error)
        this.#options.reporter.error('applying changes', error, { node: this.node })
        await this.#end.wait(retryMs)
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)
      }
    }
  }

  /** As many whole commits as a batch may hold; undefined when none is complete. */
  #collect(): Group | undefined {
    const taken = new Map<Link, number>()
    const rows: RemoteRow[] = []
    let bytes = 0
    for (;;) {
      const parts = this.#nextCommit(taken)
      if (parts === undefined) break
      let size = 0
      let count = rows.length
      for (const link of parts) {
        const change = link.queue.at(taken.get(link) ?? 0)
        size += change?.bytes ?? 0
        count += change?.rows.length ?? 0
      }
      const full = bytes + size > this.#options.groupBytes || count > MESSAGE_ITEMS_MAX
      if (rows.length > 0 && full) break
      bytes += size
      for (const link of parts) {
        const index = taken.get(link) ?? 0
        rows.push(...(link.queue.at(index)?.rows ?? []))
        taken.set(link, index + 1)
      }
    }
    for (const link of this.links.values()) if (!taken.has(link)) link.settle(0)
    return taken.size === 0 ? undefined : { rows, taken }
  }

  /** The links that hold a part of the next commit that is complete. */
  #nextCommit(taken: ReadonlyMap<Link, number>): Link[] | undefined {
    if (this.links.size === 1) {
      const [only] = this.links.values()
      return only !== undefined && this.#head(only, taken) !== undefined ? [only] : undefined
    }
    const waiting = [...this.links.values()].filter((link) => this.#head(link, taken) !== undefined)
    waiting.sort((a, b) => (this.#head(a, taken) ?? 0) - (this.#head(b, taken) ?? 0))
    for (const link of waiting) {
      const parts = this.#partsOf(link, taken)
      if (parts !== undefined) return parts
    }
    return undefined
  }

  #partsOf(link: Link, taken: ReadonlyMap<Link, number>): Link[] | undefined {
    const change = link.queue.at(taken.get(link) ?? 0)
    if (change === undefined) return undefined
    const parts = [link]
    for (const table of change.tables) {
      const other = this.links.get(table)
      if (other === undefined || other === link || !other.isFollowing) continue
      const head = this.#head(other, taken)
      if (other.received < change.sequence) return undefined // its part may be on the way
      if (head !== undefined && head < change.sequence) return undefined
      if (head === change.sequence) parts.push(other)
    }
    return parts
  }

  #head(link: Link, taken: ReadonlyMap<Link, number>): number | undefined {
    return link.queue.at(taken.get(link) ?? 0)?.sequence
  }

  async #apply({ rows, taken }: Group): Promise<void> {
    const { ledger, reporter } = this.#options
    const cursors: Operation[] = []
    for (const [link, count] of taken) cursors.push(link.cursorAfter(count))
    const applied = ledger.apply(this.node, rows, cursors)
    for (const [link, count] of taken) link.settle(count)
    reporter.conflictsOf(applied.conflicts)
    await applied.done
    for (const link of taken.keys()) link.confirm()
  }
}
