import type { Timer } from '@ashlar/codec'
import type { Subscription } from '@ashlar/transport'
import { ReplicatorError } from '../errors.ts'
import type { TableState } from '../ledger/table-state.ts'
import { checkName } from '../protocol/subjects.ts'
import { compileSelection, type Selection, type SelectionSpec } from '../selection/selection.ts'
import type { ReceiverOptions } from './channel.ts'
import { deleteCursor, knownPublishers } from './cursor.ts'
import { forgetKept } from './kept-rows.ts'
import { Link } from './link.ts'
import type { LinkStatus } from './link-status.ts'
import { Peer } from './peer.ts'
import { evictUnseen } from './snapshot-load.ts'
import { ReplicaSubscription, type UnsubscribeOptions } from './subscription.ts'

/** What to receive. */
export interface SubscribeRequest extends SelectionSpec {
  readonly table: string
  /** The publisher; default every node that publishes the table. */
  readonly from?: string
}

interface Entry {
  readonly table: TableState
  readonly from: string | undefined
  selection: Selection
  readonly handle: ReplicaSubscription
  presence: Subscription | undefined
  inquiry: Timer | undefined
  readonly links: Map<string, Link>
  ended: boolean
}

/** Publishers that one subscription takes up. */
const PUBLISHERS_MAX = 1024
/** Heartbeats between two rounds of asking who publishes a table. */
const INQUIRY_HEARTBEATS = 10

/** All that this node receives: one peer for each publisher, one link for each of its tables. */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #peers = new Map<string, Peer>()
  readonly #entries = new Set<Entry>()
  #closed = false

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  /** Starts to receive. Throws `SUBSCRIPTION_EXISTS` when the table comes from there already. */
  subscribe(table: TableState, request: SubscribeRequest): ReplicaSubscription {
    const { from, keys, where, columns } = request
    if (from !== undefined) checkName('from', from)
    if (from === this.#options.ledger.node) throw new RangeError('from: a node has its own tables')
    const selection = compileSelection({ keys, where, columns })
    for (const other of this.#entries) {
      if (other.table !== table) continue
      if (from === undefined || other.from === undefined || other.from === from) {
        throw alreadySubscribed(table.name, other.from)
      }
    }
    const handle = new ReplicaSubscription(table.name, from, {
      clock: this.#options.clock,
      links: () => [...entry.links.values()],
      change: (spec) => this.#change(entry, spec),
      end: (options) => this.#end(entry, options),
    })
    const entry: Entry = {
      table,
      from,
      selection,
      handle,
      presence: undefined,
      inquiry: undefined,
      links: new Map(),
      ended: false,
    }
    this.#entries.add(entry)
    if (from !== undefined) this.#link(entry, from)
    this.#discover(entry)
    return handle
  }

  /** How far this node has come with a table of a publisher; undefined when it does not receive it. */
  progressOf(table: string, publisher: string): number | undefined {
    return this.#peers.get(publisher)?.links.get(table)?.durable
  }

  status(): readonly LinkStatus[] {
    return [...this.#entries].flatMap(({ links }) =>
      [...links.values()].map((link) => link.status()),
    )
  }

  /** Finishes what is being applied, notes how far each is, then ends. */
  async close(): Promise<void> {
    this.#closed = true
    for (const entry of this.#entries) this.#quiet(entry)
    await Promise.all([...this.#peers.values()].map((peer) => peer.close()))
    const links = [...this.#entries].flatMap((entry) => [...entry.links.values()])
    const outcomes = await Promise.allSettled(links.map((link) => link.close()))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  #change(entry: Entry, spec: SelectionSpec): void {
    entry.selection = compileSelection(spec)
    for (const link of entry.links.values()) link.change(entry.selection)
  }

  #link(entry: Entry, publisher: string): Link | undefined {
    const known = entry.links.get(publisher)
    if (known !== undefined) return known
    if (this.#closed || entry.ended || publisher === this.#options.ledger.node) return undefined
    if (entry.links.size >= PUBLISHERS_MAX) return undefined
    let peer = this.#peers.get(publisher)
    if (peer === undefined) {
      peer = new Peer({ ...this.#options, node: publisher })
      this.#peers.set(publisher, peer)
    }
    const link = new Link(peer, entry.table, entry.selection, this.#options)
    peer.links.set(entry.table.name, link)
    entry.links.set(publisher, link)
    link.start()
    return link
  }

  /** Hears publishers that come, and asks for them when none is named. */
  #discover(entry: Entry): void {
    const { transport, subjects, reporter, ledger } = this.#options
    const { table, from } = entry
    const presence = transport.subscribe(subjects.presence(from ?? '*', table.name), {
      maxPending: PUBLISHERS_MAX,
    })
    entry.presence = presence
    const facts = { table: table.name }
    this.#hear(entry, presence).catch((error: unknown) => reporter.error('discovery', error, facts))
    if (from !== undefined) return
    knownPublishers(ledger.store, table.name)
      .then((publishers) => {
        for (const publisher of publishers) this.#link(entry, publisher)
      })
      .catch((error: unknown) => reporter.error('discovery', error, facts))
    this.#inquire(entry)
  }

  async #hear(entry: Entry, presence: Subscription): Promise<void> {
    const { messages, reporter } = this.#options
    for await (const message of presence) {
      try {
        const { node, at } = messages.here.decode(message.payload)
        const known = entry.links.get(node)
        if (known !== undefined) known.nudge(at)
        else if (entry.from === undefined) this.#link(entry, node)
      } catch (error) {
        reporter.malformed('discovery', error, { table: entry.table.name })
      }
    }
  }

  #inquire(entry: Entry): void {
    const { transport, subjects, messages, ledger, clock, heartbeatMs } = this.#options
    if (this.#closed || entry.ended) return
    if (transport.state === 'connected') {
      const who = messages.presence.encode({ node: ledger.node })
      transport.publish(subjects.inquiry(entry.table.name), who)
    }
    const delayMs = entry.links.size === 0 ? heartbeatMs : INQUIRY_HEARTBEATS * heartbeatMs
    entry.inquiry = clock.setTimer(() => this.#inquire(entry), delayMs)
  }

  async #end(entry: Entry, { purge = false }: UnsubscribeOptions): Promise<void> {
    const { ledger, clock, requestTimeoutMs } = this.#options
    entry.ended = true
    this.#quiet(entry)
    this.#entries.delete(entry)
    for (const [publisher, link] of entry.links) {
      await link.close()
      await this.#dropPeerOf(link)
      const late = new AbortController()
      const timer = clock.setTimer(() => late.abort(), requestTimeoutMs)
      // one that cannot be reached forgets this node by its age
      await link.channel.leave(late.signal).catch(() => undefined)
      timer.cancel()
      await deleteCursor(ledger.store, entry.table.name, publisher)
      await forgetKept(ledger.store, entry.table.name, publisher)
      if (!purge) continue
      const range = { after: undefined, upTo: undefined, seen: new Map<string, undefined>() }
      await evictUnseen({ ledger, table: entry.table, publisher, ...range })
    }
  }

  async #dropPeerOf(link: Link): Promise<void> {
    const peer = this.#peers.get(link.publisher)
    if (peer?.links.get(link.table.name) !== link) return
    peer.links.delete(link.table.name)
    if (peer.links.size > 0) return
    this.#peers.delete(peer.node)
    await peer.close()
  }

  #quiet(entry: Entry): void {
    entry.presence?.unsubscribe()
    entry.inquiry?.cancel()
  }
}

function alreadySubscribed(table: string, from: string | undefined): ReplicatorError {
  const whence = from === undefined ? 'from all publishers' : `from ${from}`
  return new ReplicatorError(
    'SUBSCRIPTION_EXISTS',
    `${table} is received ${whence} already: change() that subscription, or unsubscribe it first`,
    { table },
  )
}
