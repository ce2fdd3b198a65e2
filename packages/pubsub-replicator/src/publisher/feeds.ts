import type { Clock, Timer } from '@ashlar/codec'
import { type Change, isStoreError } from '@ashlar/lsm-store'
import { isTransportError, type Transport } from '@ashlar/transport'
import { familyPrefix } from '../ledger/keyspace.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Life } from '../ledger/life.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { Messages, WireChange } from '../protocol/messages.ts'
import type { Subjects } from '../protocol/subjects.ts'
import { Signal } from '../receiver/signal.ts'
import type { Reporter } from '../reporter.ts'
import { Feed } from './feed.ts'
import { changeOf, tablesOf } from './log-pages.ts'
import { type Audience, loggedRows } from './logged-row.ts'

/** Changes waiting to be published on one feed before it is left to be pulled. */
const PENDING_BYTES_MAX = 8 * 1024 * 1024
/** How long closing waits for the log to be read; subscribers pull the rest. */
const DRAIN_MS = 1000

/** What the feeds work with. */
export interface FeedsOptions {
  readonly ledger: Ledger
  readonly life: Life
  readonly tables: ReadonlyMap<string, TableState>
  readonly transport: Transport
  readonly messages: Messages
  readonly subjects: Subjects
  readonly clock: Clock
  readonly reporter: Reporter
  readonly heartbeatMs: number
  readonly pageBytes: number
}

/**
 * Publishes what is committed, from the store's own log, once for all that select the same. A feed
 * lives while somebody holds a lease on it. Nothing is kept for those who cannot keep up: they
 * see a gap in the sequences and pull.
 */
export class Feeds {
  readonly #options: FeedsOptions
  readonly #feeds = new Map<string, Feed>()
  readonly #stop = new AbortController()
  #position: number
  #tail: Promise<void> | undefined
  /** Notified when the position moves. */
  readonly #moved: Signal
  #flushing: NodeJS.Immediate | undefined
  #heartbeat: Timer | undefined

  constructor(options: FeedsOptions) {
    this.#options = options
    this.#moved = new Signal(options.clock)
    this.#position = options.ledger.loggedSequence
  }

  /** Starts to publish to a node, or goes on; answers the subject. */
  open(audience: Audience, node: string, leaseMs: number): string {
    const { subjects, ledger, clock } = this.#options
    const { table, selection, except } = audience
    const subject = subjects.feed(ledger.node, table.name, selection.digest, except)
    let feed = this.#feeds.get(subject)
    if (feed === undefined) {
      if (this.#feeds.size === 0) this.#start()
      feed = new Feed(audience, subject, this.#position)
      this.#feeds.set(subject, feed)
    }
    feed.grant(node, leaseMs, clock.monotonic())
    return subject
  }

  /** The node is still there. */
  prolong(table: string, node: string): void {
    const nowMs = this.#options.clock.monotonic()
    for (const feed of this.#feeds.values()) {
      if (feed.audience.table.name === table) feed.prolong(node, nowMs)
    }
  }

  /** The node has gone, or selects something else; `digest` stays. */
  revoke(table: string, node: string, digest: string | undefined): void {
    for (const feed of this.#feeds.values()) {
      const { table: own, selection } = feed.audience
      if (own.name === table && selection.digest !== digest) feed.revoke(node)
    }
  }

  isListening(table: string, node: string): boolean {
    for (const feed of this.#feeds.values()) {
      if (feed.audience.table.name === table && [...feed.nodes].includes(node)) return true
    }
    return false
  }

  /** Publishes what has been committed, then ends. */
  async close(): Promise<void> {
    this.#heartbeat?.cancel()
    await this.#drain()
    this.#stop.abort()
    await this.#tail
    if (this.#flushing !== undefined) clearImmediate(this.#flushing)
    this.#flush()
    this.#feeds.clear()
  }

  /** Waits for what is committed to be read from the log, if somebody listens. */
  async #drain(): Promise<void> {
    const { clock, ledger } = this.#options
    const deadlineMs = clock.monotonic() + DRAIN_MS
    await ledger.drain()
    while (this.#feeds.size > 0 && this.#position < ledger.lastRowSequence) {
      const leftMs = deadlineMs - clock.monotonic()
      if (leftMs <= 0 || ledger.store.state !== 'open') return
      await this.#moved.wait(leftMs)
    }
  }

  #start(): void {
    this.#beatLater()
    if (this.#tail !== undefined) return
    this.#position = this.#options.ledger.loggedSequence
    this.#tail = this.#follow().catch((error: unknown) => {
      this.#options.reporter.error('following the log', error)
    })
  }

  /** Follows the log; when it was cut faster than it could be read, subscribers pull. */
  async #follow(): Promise<void> {
    const { store } = this.#options.ledger
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const prefix = familyPrefix('rows')
        const changes = store.changes({ since: this.#position, prefix, live: true, signal })
        for await (const change of changes) this.#route(change)
        return
      } catch (error) {
        if (signal.aborted) return
        if (!isStoreError(error, 'CHANGES_TRUNCATED')) throw error
        this.#position = this.#options.ledger.loggedSequence
        this.#moved.notify()
        for (const feed of this.#feeds.values()) this.#skip(feed)
      }
    }
  }

  #route(change: Change): void {
    this.#position = change.sequence
    this.#moved.notify()
    if (this.#feeds.size === 0) return
    const rows = loggedRows(change, this.#options.tables)
    if (rows.length === 0) return
    const tables = tablesOf(rows)
    for (const feed of this.#feeds.values()) {
      const { table } = feed.audience
      if (tables.length === 0 ? rows[0]?.table !== table : !tables.includes(table.name)) continue
      const told = changeOf(change.sequence, rows, tables, feed.audience)
      if (tables.length > 0) feed.due = true
      if (told.entries.length > 0) feed.add(told)
      if (feed.pendingBytes > PENDING_BYTES_MAX) this.#skip(feed)
    }
    // after all that is at hand has been read, so that one message carries it
    this.#flushing ??= setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = undefined
    for (const feed of this.#feeds.values()) {
      const portions = feed.take(this.#options.pageBytes)
      if (portions.length > 0 || feed.due) this.#publish(feed, portions)
    }
  }

  #publish(feed: Feed, portions: readonly WireChange[][]): void {
    feed.due = false
    if (this.#options.transport.state !== 'connected') {
      this.#skip(feed)
      return
    }
    const last = portions.length - 1
    for (const [index, changes] of portions.entries()) {
      const end = changes.at(-1)?.sequence ?? this.#position
      this.#send(feed, changes, index === last ? this.#position : end)
    }
    if (portions.length === 0) this.#send(feed, [], this.#position)
  }

  #send(feed: Feed, changes: readonly WireChange[], through: number): void {
    const { transport, messages, life, reporter } = this.#options
    try {
      const at = life.at(through)
      const push = messages.push.encode({ at, previous: feed.covered, changes })
      transport.publish(feed.subject, push)
      feed.active = true
    } catch (error) {
      // the gap is seen and pulled
      if (!isTransportError(error, 'DISCONNECTED') && !isTransportError(error, 'CLOSED')) {
        reporter.error('publishing changes', error, { table: feed.audience.table.name })
      }
    }
    feed.covered = through
  }

  #skip(feed: Feed): void {
    feed.discard()
    feed.due = false
    feed.covered = this.#position
  }

  #beatLater(): void {
    const { clock, heartbeatMs, reporter } = this.#options
    this.#heartbeat?.cancel()
    this.#heartbeat = clock.setTimer(() => {
      try {
        this.#beat()
      } catch (error) {
        reporter.error('a heartbeat', error)
      }
      if (!this.#stop.signal.aborted) this.#beatLater()
    }, heartbeatMs)
  }

  #beat(): void {
    const { clock, ledger } = this.#options
    if (this.#stop.signal.aborted) return
    const idle = !ledger.writing && this.#position >= ledger.lastRowSequence
    if (idle && this.#flushing === undefined) this.#position = ledger.store.lastSequence
    const nowMs = clock.monotonic()
    for (const [subject, feed] of this.#feeds) {
      feed.expire(nowMs)
      if (!feed.listened) this.#feeds.delete(subject)
      else if (!feed.active && this.#flushing === undefined) this.#publish(feed, [])
      feed.active = false
    }
  }
}
