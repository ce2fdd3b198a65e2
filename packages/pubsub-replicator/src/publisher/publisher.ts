import type { Message, Responder, Subscription } from '@ashlar/transport'
import type { Position } from '../ledger/life.ts'
import type { TableState } from '../ledger/table-state.ts'
import type {
  CheckReply,
  CheckRequest,
  OpenReply,
  OpenRequest,
  PageReply,
  PageRequest,
  PullReply,
  PullRequest,
  Refusal,
} from '../protocol/messages.ts'
import type { RequestVerb } from '../protocol/subjects.ts'
import { compileSelection, type Selection } from '../selection/selection.ts'
import { checkRows } from './check-rows.ts'
import { Feeds, type FeedsOptions } from './feeds.ts'
import { readLogPage } from './log-pages.ts'
import type { Audience } from './logged-row.ts'
import { SnapshotPages } from './snapshot-pages.ts'
import type { Subscriber, Subscribers } from './subscribers.ts'

/** What the publishing side works with. */
export interface PublisherOptions extends FeedsOptions {
  readonly subscribers: Subscribers
  readonly maxSnapshots: number
  readonly snapshotIdleMs: number
  /** Sequence up to which tombstones of a table were collected. */
  readonly collectedThrough: (table: string) => number
}

/** Requests handled at a time, for each table and kind. */
const REQUESTS_MAX = 16
const REQUESTS_PENDING_MAX = 4096
const ACKNOWLEDGEMENTS_PENDING_MAX = 16_384

/** Answers subscribers of the published tables of this node, and pushes changes to them. */
export class Publisher {
  readonly feeds: Feeds
  readonly #options: PublisherOptions
  readonly #snapshots: SnapshotPages
  readonly #responders: Responder[] = []
  readonly #subscriptions: Subscription[] = []
  readonly #listening: Promise<void>[] = []

  constructor(options: PublisherOptions) {
    this.#options = options
    this.feeds = new Feeds(options)
    this.#snapshots = new SnapshotPages(options.ledger.store, options.clock, {
      maxOpen: options.maxSnapshots,
      idleMs: options.snapshotIdleMs,
    })
  }

  /** Starts to answer for every published table, and says so. */
  start(): void {
    for (const table of this.#options.tables.values()) {
      if (!table.publish) continue
      this.#respond(table, 'open', (payload) => this.#open(table, payload))
      this.#respond(table, 'pull', (payload) => this.#pull(table, payload))
      this.#respond(table, 'page', (payload) => this.#page(table, payload))
      this.#respond(table, 'check', (payload) => this.#check(table, payload))
      this.#respond(table, 'close', (payload) => this.#close(table, payload))
      const { subjects, ledger } = this.#options
      const acknowledgements = subjects.acknowledgement(ledger.node, table.name)
      this.#listen(table, acknowledgements, (message) => this.#acknowledge(table, message))
      this.#listen(table, subjects.inquiry(table.name), (message) => {
        this.#options.messages.presence.decode(message.payload)
        this.#announce(table)
      })
      this.#announce(table)
    }
  }

  /** Lets go of what nobody uses. */
  tidy(): void {
    this.#snapshots.expire()
  }

  /** Answers what was asked, publishes what was committed, then ends. */
  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    await Promise.all(this.#responders.map((responder) => responder.stop()))
    await Promise.all(this.#listening)
    await this.feeds.close()
    this.#snapshots.close()
  }

  async #open(table: TableState, payload: Uint8Array): Promise<Uint8Array> {
    const { messages, reporter } = this.#options
    let request: OpenRequest
    let selection: Selection
    try {
      request = messages.open.decode(payload)
      selection = compileSelection(request.selection)
    } catch (error) {
      reporter.malformed('answering a subscriber', error, { table: table.name })
      return messages.opened.encode(refuse('INVALID', error))
    }
    return messages.opened.encode(await this.#admit(table, request, selection))
  }

  async #admit(
    table: TableState,
    { node, position, held, leaseMs }: OpenRequest,
    selection: Selection,
  ): Promise<OpenReply | Refusal> {
    const { subscribers, life, ledger, clock, heartbeatMs } = this.#options
    const known = subscribers.get(table.name, node)
    if (known === undefined && subscribers.isFull(table.name)) {
      return { refused: 'BUSY', reason: `${table.name} has as many subscribers as it may have` }
    }
    const lost = position !== undefined && life.judge(position) !== 'known'
    const follows = position !== undefined && !lost && held === selection.digest
    const tail = follows && this.#continues(table, position, selection, known)
    await subscribers.register(table, node, selection, clock.now())
    this.feeds.revoke(table.name, node, selection.digest)
    const feed = this.feeds.open(this.#audience(table, selection, node), node, leaseMs)
    const at = life.at(ledger.store.lastSequence)
    return { at, mode: tail ? 'tail' : 'snapshot', lost, feed, heartbeatMs }
  }

  /** True when the log from the position on tells all that the subscriber has missed. */
  #continues(
    table: TableState,
    position: Position,
    selection: Selection,
    known: Subscriber | undefined,
  ): boolean {
    const { ledger, collectedThrough } = this.#options
    // what left its condition was noted only while the subscriber was known with it
    if (selection.where !== undefined && known?.selection.digest !== selection.digest) return false
    const oldest = Math.max(ledger.store.oldestChange, collectedThrough(table.name))
    return position.sequence >= oldest
  }

  async #pull(table: TableState, payload: Uint8Array): Promise<Uint8Array> {
    const { messages, ledger, life, tables, pageBytes, collectedThrough } = this.#options
    const request = this.#decode(table, () => messages.pull.decode(payload))
    const subscriber = request && this.#subscriberOf(table, request)
    if (request === undefined || subscriber === undefined) {
      return messages.pulled.encode(unknownSubscriber(request))
    }
    const { since } = request
    const lost = life.judge(since) !== 'known' || since.sequence < collectedThrough(table.name)
    const at = life.at(ledger.store.lastSequence)
    const audience = this.#audience(table, subscriber.selection, subscriber.node)
    const page = lost
      ? { truncated: true, changes: [], through: since.sequence, more: true }
      : await readLogPage(ledger, tables, audience, {
          since: since.sequence,
          maxBytes: Math.min(request.maxBytes, pageBytes),
        })
    const reply: PullReply = { at, ...page }
    return messages.pulled.encode(reply)
  }

  async #page(table: TableState, payload: Uint8Array): Promise<Uint8Array> {
    const { messages, life, pageBytes } = this.#options
    const request = this.#decode(table, () => messages.page.decode(payload))
    const subscriber = request && this.#subscriberOf(table, request)
    if (request === undefined || subscriber === undefined) {
      return messages.paged.encode(unknownSubscriber(request))
    }
    const { node, selection } = subscriber
    const owner = `${node} ${table.name} ${selection.digest} ${request.compare}`
    const page = await this.#snapshots.page(owner, this.#audience(table, selection, node), {
      ...request,
      maxBytes: Math.min(request.maxBytes, pageBytes),
    })
    const { token, entries, upTo } = page
    const reply: PageReply = { at: life.at(page.sequence), token, entries, upTo }
    return messages.paged.encode(reply)
  }

  async #check(table: TableState, payload: Uint8Array): Promise<Uint8Array> {
    const { messages, life, ledger } = this.#options
    const request = this.#decode(table, () => messages.check.decode(payload))
    const subscriber = request && this.#subscriberOf(table, request)
    if (request === undefined || subscriber === undefined) {
      return messages.checked.encode(unknownSubscriber(request))
    }
    const { node, selection } = subscriber
    const at = life.at(ledger.loggedSequence)
    const audience = this.#audience(table, selection, node)
    const entries = this.#decode(table, () => checkRows(ledger, audience, request.entries))
    if (entries === undefined) return messages.checked.encode(unknownSubscriber(undefined))
    const reply: CheckReply = { at, entries }
    return messages.checked.encode(reply)
  }

  async #close(table: TableState, payload: Uint8Array): Promise<Uint8Array> {
    const { messages, subscribers, ledger } = this.#options
    const request = this.#decode(table, () => messages.presence.decode(payload))
    if (request !== undefined) {
      this.feeds.revoke(table.name, request.node, undefined)
      await subscribers.forget(table, request.node)
    }
    return messages.presence.encode({ node: ledger.node })
  }

  #acknowledge(table: TableState, message: Message): void {
    const { messages, subscribers, life, clock } = this.#options
    const { node, digest, position, head } = messages.acknowledgement.decode(message.payload)
    const subscriber = subscribers.get(table.name, node)
    if (subscriber?.selection.digest !== digest || life.judge(position) !== 'known') return
    this.feeds.prolong(table.name, node)
    subscribers.acknowledge(subscriber, position.sequence, head, clock.now())
  }

  #subscriberOf(
    table: TableState,
    { node, digest }: PullRequest | PageRequest | CheckRequest,
  ): Subscriber | undefined {
    const subscriber = this.#options.subscribers.get(table.name, node)
    if (subscriber?.selection.digest !== digest) return undefined
    this.feeds.prolong(table.name, node)
    return subscriber
  }

  #audience(table: TableState, selection: Selection, reader: string): Audience {
    const { node } = this.#options.ledger
    return { node, table, selection, except: table.forward ? reader : undefined }
  }

  #decode<T>(table: TableState, decode: () => T): T | undefined {
    try {
      return decode()
    } catch (error) {
      this.#options.reporter.malformed('answering a subscriber', error, { table: table.name })
      return undefined
    }
  }

  #announce(table: TableState): void {
    const { transport, subjects, ledger, life, messages } = this.#options
    if (transport.state !== 'connected') return
    const here = messages.here.encode({ node: ledger.node, at: life.at(ledger.store.lastSequence) })
    transport.publish(subjects.presence(ledger.node, table.name), here)
  }

  #respond(
    table: TableState,
    verb: RequestVerb,
    handle: (payload: Uint8Array) => Promise<Uint8Array>,
  ): void {
    const { transport, subjects, ledger, reporter } = this.#options
    const subject = subjects.request(ledger.node, table.name, verb)
    const responder = transport.respond(subject, (message) => handle(message.payload), {
      maxInFlight: REQUESTS_MAX,
      maxPending: REQUESTS_PENDING_MAX,
      onError: (error) => reporter.error(`answering ${verb}`, error, { table: table.name }),
    })
    this.#responders.push(responder)
  }

  #listen(table: TableState, subject: string, handle: (message: Message) => void): void {
    const { transport, reporter } = this.#options
    const subscription = transport.subscribe(subject, { maxPending: ACKNOWLEDGEMENTS_PENDING_MAX })
    this.#subscriptions.push(subscription)
    const listen = async (): Promise<void> => {
      for await (const message of subscription) {
        try {
          handle(message)
        } catch (error) {
          reporter.malformed('hearing a subscriber', error, { table: table.name })
        }
      }
    }
    this.#listening.push(listen().catch((error: unknown) => reporter.error('listening', error)))
  }
}

function unknownSubscriber(request: object | undefined): Refusal {
  if (request === undefined) return { refused: 'INVALID', reason: 'the request is malformed' }
  return {
    refused: 'UNKNOWN',
    reason: 'the node has not subscribed, or to something else: open first',
  }
}

function refuse(refused: Refusal['refused'], error: unknown): Refusal {
  const reason = error instanceof Error ? error.message : String(error)
  return { refused, reason: reason.slice(0, 1024) }
}
