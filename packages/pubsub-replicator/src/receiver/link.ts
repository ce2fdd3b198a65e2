import type { Operation } from '@ashlar/lsm-store'
import { isTransportError } from '@ashlar/transport'
import { isReplicatorError } from '../errors.ts'
import type { LinkState } from '../events.ts'
import type { Position } from '../ledger/life.ts'
import type { TableState } from '../ledger/table-state.ts'
import type { OpenReply, Push } from '../protocol/messages.ts'
import type { Selection } from '../selection/selection.ts'
import { Acknowledger } from './acknowledger.ts'
import type { ChangeQueue } from './change-queue.ts'
import { Channel, type ReceiverOptions } from './channel.ts'
import { type Cursor, readCursor } from './cursor.ts'
import { KeptRows } from './kept-rows.ts'
import { type LinkStatus, linkStatus } from './link-status.ts'
import type { Peer } from './peer.ts'
import { Progress } from './progress.ts'
import { Signal } from './signal.ts'
import { loadSnapshot, type SnapshotMode } from './snapshot-load.ts'

const RETRY_MS_MIN = 50
const SILENT_HEARTBEATS = 3
const LEASE_HEARTBEATS = 5
/** Received and not yet applied; then no more is taken. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024

/** One table of one publisher: opens, takes a snapshot, catches up, follows; and again when it breaks. */
export class Link {
  readonly table: TableState
  readonly channel: Channel
  /** Notified when the state or the durable position changes. */
  readonly changed: Signal
  state: LinkState = 'connecting'
  readonly #options: ReceiverOptions
  readonly #peer: Peer
  readonly #nudged: Signal
  readonly #progress: Progress
  readonly #acknowledger: Acknowledger
  readonly #kept: KeptRows
  #selection: Selection
  #session: AbortController = new AbortController()
  #broken: 'gap' | 'restart' | undefined
  #stalledFrom: LinkState | undefined
  #patienceMs = 0
  #heardMs = 0
  #snapshots = 0
  #gaps = 0
  #error: unknown
  #closed = false
  #running: Promise<void> | undefined

  constructor(peer: Peer, table: TableState, selection: Selection, options: ReceiverOptions) {
    this.table = table
    this.channel = new Channel(peer.node, table.name, options)
    this.changed = new Signal(options.clock)
    this.#peer = peer
    this.#nudged = new Signal(options.clock)
    this.#options = options
    this.#selection = selection
    this.#progress = new Progress(table, peer.node, selection)
    this.#kept = new KeptRows(table, this.channel, options)
    this.#acknowledger = new Acknowledger(this.channel, options, () => {
      const { position, following } = this.#progress
      const { digest } = this.#selection
      return position !== undefined && following === true ? { position, digest } : undefined
    })
  }

  get publisher(): string {
    return this.#peer.node
  }

  get queue(): ChangeQueue {
    return this.#progress.queue
  }

  /** All changes up to here have been received, though maybe not applied. */
  get received(): number {
    return this.#progress.intake.received
  }

  /** Durable here up to this sequence of the publisher. */
  get durable(): number {
    return this.#progress.durable
  }

  /** Parts of a commit for this table must be waited for. */
  get isFollowing(): boolean {
    return this.#progress.following ?? true
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** The publisher has said that it is there, in this life of its store. */
  nudge(here: Position): void {
    const { at } = this.#progress
    const known = at?.store === here.store && at.life === here.life
    if (this.state === 'live' && !known) this.#break('restart')
    if (this.state !== 'live') this.#nudged.notify()
  }

  /** Selects something else: what is not selected any more goes, the rest stays. */
  change(selection: Selection): void {
    this.#selection = selection
    this.#interrupt()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#interrupt()
    await this.#running
    this.#acknowledger.close()
    this.#enter('closed')
    await this.#saveCursor(1)
    await this.#acknowledger.acknowledge()
  }

  /** Where the publisher's log ends now. */
  async askHead(signal: AbortSignal): Promise<Position> {
    const saved = await readCursor(this.#options.ledger.store, this.table.name, this.publisher)
    const { at } = await this.#requestOpen(saved, signal)
    return at
  }

  /**
   * True when everything up to there is applied and durable. If it is not, it is pulled at once.
   * Undefined when the publisher has begun anew since, and its head must be asked for again.
   */
  reach(head: Position): boolean | undefined {
    const { at, durable, following } = this.#progress
    const sameLife = at?.store === head.store && at.life === head.life
    if (at !== undefined && at.store === head.store && at.life > head.life) return undefined
    if (following === true && sameLife && durable >= head.sequence) {
      if (this.#kept.reaches(head.sequence)) return true
      this.#nudged.notify()
      return false
    }
    if (this.state === 'live' && !sameLife) this.#break('restart')
    else if (this.state === 'live' && this.received < head.sequence) this.#break('gap')
    return false
  }

  status(): LinkStatus {
    return linkStatus(this.#progress, this.#options.clock.now(), {
      table: this.table.name,
      publisher: this.publisher,
      state: this.state,
      snapshots: this.#snapshots,
      gaps: this.#gaps,
      kept: this.#kept.count,
      error: this.#error,
    })
  }

  /** The cursor as it is once so many changes of the queue are applied. */
  cursorAfter(count: number): Operation {
    return this.#progress.cursorAfter(count, this.#options.clock.now())
  }

  /** So many changes of the queue are applied, none for none that waited. */
  settle(count: number): void {
    this.#progress.settle(count)
    if (count === 0) this.#advance()
  }

  /** What is applied is durable as the store's sync mode says. */
  confirm(): void {
    if (this.#stalledFrom !== undefined) {
      this.#error = undefined
      this.#enter(this.#stalledFrom)
    }
    this.#advance()
  }

  /** What was received cannot be applied for now. */
  stall(error: unknown): void {
    this.#error = error
    const from = this.state
    this.#enter('stalled')
    this.#stalledFrom ??= from
  }

  #advance(): void {
    if (!this.#progress.confirm(this.#options.clock.now())) return
    this.changed.notify()
    this.#saveCursor().catch((error: unknown) => {
      this.#options.reporter.error('writing a cursor', error, this.#facts)
    })
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_MS_MIN
    while (!this.#closed) {
      this.#session = new AbortController()
      this.#broken = undefined
      try {
        await this.#follow(this.#session.signal)
        const reached = this.state === 'live'
        this.#enter('connecting')
        retryMs = RETRY_MS_MIN
        if (!reached) await this.#nudged.wait(retryMs)
      } catch (error) {
        if (this.#session.signal.aborted) continue
        this.#fail(error)
        const jitter = 0.5 + this.#options.random.next()
        const nudged = await this.#nudged.wait(retryMs * jitter)
        retryMs = nudged ? RETRY_MS_MIN : Math.min(2 * retryMs, this.#options.retryMaxMs)
      } finally {
        this.channel.unlisten()
      }
    }
  }

  /** One session: ends when the publisher has gone silent or begun anew, throws when it fails. */
  async #follow(signal: AbortSignal): Promise<void> {
    const progress = this.#progress
    const saved = await readCursor(this.#options.ledger.store, this.table.name, this.publisher)
    const isSame = saved?.digest === this.#selection.digest
    progress.resume(this.#selection, isSame ? saved : undefined)
    this.#peer.notify()
    const opened = await this.#requestOpen(saved, signal)
    this.#hear()
    this.channel.listen(opened.feed, (push) => this.#take(push))
    if (opened.mode === 'snapshot' || saved === undefined || saved.loading) {
      const lost = opened.lost || saved?.recovering === true
      const mode = saved === undefined ? 'first' : lost ? 'recover' : 'compare'
      await this.#load(mode, opened.mode === 'tail' ? saved : undefined, signal)
    } else progress.at = { ...opened.at, sequence: progress.durable }
    await this.#kept.begin()
    this.#acknowledger.start()
    for (;;) {
      if (!(await this.#catchUp(signal))) return
      if ((await this.#watch(signal)) !== 'gap') return
    }
  }

  async #load(mode: SnapshotMode, resumed: Cursor | undefined, signal: AbortSignal): Promise<void> {
    const selection = this.#selection
    this.#progress.reset(selection, undefined)
    this.#peer.notify()
    this.#enter('snapshot')
    const loaded = await loadSnapshot({
      ...this.#options,
      table: this.table,
      publisher: this.publisher,
      selection,
      mode,
      resumed,
      nowMs: () => this.#options.clock.now(),
      request: async (page) => {
        const reply = await this.channel.page(page, signal)
        this.#hear()
        return reply
      },
    })
    signal.throwIfAborted()
    const { position, rows, bytes, evicted } = loaded
    this.#progress.reset(selection, position)
    this.#progress.count(rows, bytes)
    this.#snapshots += 1
    const facts = { table: this.table.name, publisher: this.publisher, rows, evicted }
    this.#options.reporter.snapshot({ ...facts, sequence: position.sequence })
  }

  /** Pulls until nothing is missing; false when the log does not tell it any more. */
  async #catchUp(signal: AbortSignal): Promise<boolean> {
    const { ledger, pageBytes } = this.#options
    if (this.state !== 'live') this.#enter('catching-up')
    const { digest } = this.#selection
    for (let more = true; more; ) {
      this.#broken = undefined
      const since = { store: '', life: 0, ...this.#progress.at, sequence: this.received }
      const request = { node: ledger.node, digest, since, maxBytes: pageBytes }
      const page = await this.channel.pull(request, signal)
      this.#hear()
      if (page.truncated) return false
      more = this.#progress.intake.page(page)
      this.#peer.notify()
      await this.#drained(signal)
    }
    if (this.state !== 'stalled') {
      this.#error = undefined
      this.#enter('live')
    } else this.#stalledFrom = 'live'
    return true
  }

  /** Waits for a gap, a new beginning or too long a silence of the publisher. */
  async #watch(signal: AbortSignal): Promise<'gap' | 'restart' | 'silent'> {
    const { clock } = this.#options
    for (;;) {
      signal.throwIfAborted()
      if (this.#broken !== undefined) return this.#broken
      const silentMs = clock.monotonic() - this.#heardMs
      if (silentMs >= this.#patienceMs) return 'silent'
      const dueMs = this.#kept.dueMs(this.#progress.head)
      if (dueMs > 0) await this.#nudged.wait(Math.min(dueMs, this.#patienceMs - silentMs))
      else {
        await this.#kept.step(this.#selection, signal)
        this.#hear()
        this.changed.notify()
      }
    }
  }

  async #take(push: Push | undefined): Promise<void> {
    const { at } = this.#progress
    if (push === undefined) this.#break('gap')
    else if (at !== undefined) {
      this.#hear()
      if (push.at.store !== at.store || push.at.life !== at.life) this.#break('restart')
      else this.#accept(push)
    }
    await this.#drained(this.#session.signal)
  }

  #accept(push: Push): void {
    try {
      if (!this.#progress.intake.push(push)) this.#break('gap')
      this.#peer.notify()
    } catch (error) {
      this.#options.reporter.malformed('reading a feed', error, this.#facts)
      this.#break('gap')
    }
  }

  #break(why: 'gap' | 'restart'): void {
    if (this.state === 'live' && why === 'gap' && this.#broken === undefined) this.#gaps += 1
    if (this.#broken !== 'restart') this.#broken = why
    this.#nudged.notify()
  }

  async #requestOpen(saved: Cursor | undefined, signal: AbortSignal): Promise<OpenReply> {
    const { ledger, heartbeatMs } = this.#options
    const { reached } = this.#progress
    const { spec, digest } = this.#selection
    const opened = await this.channel.open(
      {
        node: ledger.node,
        selection: spec,
        position: reached ?? saved?.position,
        held: reached === undefined ? (saved?.digest ?? '') : digest,
        leaseMs: LEASE_HEARTBEATS * heartbeatMs,
      },
      signal,
    )
    this.#patienceMs = SILENT_HEARTBEATS * Math.max(opened.heartbeatMs, 1)
    return opened
  }

  async #drained(signal: AbortSignal): Promise<void> {
    while (this.queue.bytes > QUEUE_BYTES_MAX && !signal.aborted) {
      await this.changed.wait(this.#options.heartbeatMs)
    }
  }

  #interrupt(): void {
    this.#session.abort()
    this.#nudged.notify()
    this.changed.notify()
  }

  #hear(): void {
    this.#heardMs = this.#options.clock.monotonic()
  }

  async #saveCursor(slack?: number): Promise<void> {
    const { ledger, clock } = this.#options
    const operation = this.#progress.overdueCursor(clock.now(), slack)
    if (operation !== undefined) await ledger.store.write([operation])
  }

  #fail(error: unknown): void {
    if (isTransportError(error) || isReplicatorError(error, 'NOT_SUBSCRIBED')) {
      this.#enter('connecting') // not there, or does not know this node any more: open again
      return
    }
    this.#error = error
    const refused =
      isReplicatorError(error, 'REFUSED') || isReplicatorError(error, 'PUBLISHER_BUSY')
    this.#enter(refused ? 'refused' : 'stalled')
    this.#options.reporter.error('following a publisher', error, this.#facts)
  }

  #enter(state: LinkState): void {
    const previous = this.state
    this.#stalledFrom = undefined
    if (state === previous) return
    this.state = state
    const { publisher } = this
    this.#options.reporter.state({ table: this.table.name, publisher, state, previous })
    this.changed.notify()
  }

  get #facts(): { readonly table: string; readonly node: string } {
    return { table: this.table.name, node: this.publisher }
  }
}
