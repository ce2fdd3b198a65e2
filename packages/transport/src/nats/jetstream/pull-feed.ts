import type { Timer } from '@ashlar/codec'
import type { Msg } from '@nats-io/transport-node'
import type { ClientSubscription } from '../nats-link.ts'
import { drainClient, leave } from '../nats-subscription.ts'
import type { JetStreamApi } from './api.ts'

/** A pull that nothing came for ends after this long, and is asked again if it is still wanted. */
const EXPIRES_MS = 30_000
/** How often the server shows that it still has the pull. */
const HEARTBEAT_MS = 1_000
/** Without a sign for this long the pull counts as lost. */
const SILENCE_MS = 2.5 * HEARTBEAT_MS
/** Payload bytes that one pull may bring; at least one message always fits. */
const MAX_PULL_BYTES = 8 * 1024 * 1024
const NANOS = 1_000_000

const HEARTBEAT = 100
const NO_MESSAGES = 404
const EXPIRED = 408
const CONFLICT = 409
const NO_RESPONDERS = 503

/** Who uses a feed. */
export interface PullSink {
  onMessage(message: Msg): void
  /** A pull has ended; with `empty` because there was nothing (more) at once. */
  onPullEnded(empty: boolean): void
  /** The consumer is gone, or nobody has shown a sign of life: look whether it is still there. */
  onTrouble(isGone: boolean): void
}

/** Asks a pull consumer for messages and counts what is still to come. */
export class PullFeed {
  readonly #api: JetStreamApi
  readonly #sink: PullSink
  readonly #inbox: string
  readonly #client: ClientSubscription
  #target: string
  #outstanding = 0
  #seenAt = 0
  #monitor: Timer | undefined

  constructor(api: JetStreamApi, stream: string, consumer: string, sink: PullSink) {
    this.#api = api
    this.#sink = sink
    this.#target = ''
    this.aim(stream, consumer)
    this.#inbox = api.link.createInbox()
    this.#client = api.link.nc.subscribe(this.#inbox, {
      callback: (error, msg) => {
        if (error) api.link.report(error)
        else this.#receive(msg)
      },
    })
  }

  /** Messages asked for that have not come. */
  get outstanding(): number {
    return this.#outstanding
  }

  /** Directs further pulls to this consumer. */
  aim(stream: string, consumer: string): void {
    this.#target = `${this.#api.prefix}CONSUMER.MSG.NEXT.${stream}.${consumer}`
    this.#outstanding = 0
  }

  /** Asks for so many; with `waits` the server keeps the pull until they have come. */
  pull(batch: number, waits: boolean): void {
    const { link } = this.#api
    const maxBytes = Math.max(MAX_PULL_BYTES, 2 * (link.maxPayloadBytes + link.maxHeaderBytes))
    const times = { expires: EXPIRES_MS * NANOS, idle_heartbeat: HEARTBEAT_MS * NANOS }
    const body = { batch, max_bytes: maxBytes, ...(waits ? times : { no_wait: true }) }
    this.#outstanding += batch
    this.#seenAt = link.clock.monotonic()
    link.sendNow(this.#target, Buffer.from(JSON.stringify(body)), undefined, this.#inbox)
    this.#watch()
  }

  /** Forgets what was asked for: the connection that it was to come over is gone. */
  reset(): void {
    this.#outstanding = 0
  }

  /** Stops; what is under way still comes before this resolves. */
  async drain(): Promise<void> {
    this.#monitor?.cancel()
    await drainClient(this.#api.link, this.#client)
  }

  stop(): void {
    this.#monitor?.cancel()
    leave(this.#api.link, this.#client)
  }

  #receive(msg: Msg): void {
    this.#seenAt = this.#api.link.clock.monotonic()
    const status = msg.data.byteLength === 0 ? (msg.headers?.code ?? 0) : 0
    if (status === 0) {
      if (this.#outstanding > 0) this.#outstanding -= 1
      this.#sink.onMessage(msg)
      return
    }
    switch (status) {
      case HEARTBEAT:
        return
      case NO_MESSAGES:
      case EXPIRED:
        this.#ended(msg)
        this.#sink.onPullEnded(true)
        return
      case CONFLICT:
        this.#onConflict(msg)
        return
      case NO_RESPONDERS:
        this.#outstanding = 0
        this.#sink.onTrouble(false)
        return
      default:
        this.#ended(msg)
        this.#sink.onPullEnded(false)
    }
  }

  #onConflict(msg: Msg): void {
    this.#ended(msg)
    const why = msg.headers?.description ?? ''
    if (/deleted/i.test(why)) this.#sink.onTrouble(true)
    else if (/leadership|shutdown|maxwaiting/i.test(why)) this.#sink.onTrouble(false)
    else this.#sink.onPullEnded(false)
  }

  /** Takes off what the ended pull had left; older statuses do not say, then all of it. */
  #ended(msg: Msg): void {
    const left = msg.headers?.get('Nats-Pending-Messages')
    this.#outstanding = left ? Math.max(0, this.#outstanding - Number(left)) : 0
  }

  #watch(): void {
    if (this.#monitor !== undefined) return
    const { clock } = this.#api.link
    this.#monitor = clock.setTimer(() => {
      this.#monitor = undefined
      if (this.#outstanding === 0 || !this.#api.link.reachable) return
      const isSilent = clock.monotonic() - this.#seenAt > SILENCE_MS
      this.#watch()
      if (!isSilent) return
      this.#outstanding = 0
      this.#sink.onTrouble(false)
    }, HEARTBEAT_MS)
  }
}
