import type { Clock, Random } from '@ashlar/codec'
import { isTransportError, type Subscription, type Transport } from '@ashlar/transport'
import { ReplicatorError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type {
  Acknowledgement,
  CheckReply,
  CheckRequest,
  MessageCodec,
  Messages,
  OpenReply,
  OpenRequest,
  PageReply,
  PageRequest,
  PullReply,
  PullRequest,
  Push,
  Refusal,
} from '../protocol/messages.ts'
import type { RequestVerb, Subjects } from '../protocol/subjects.ts'
import type { Reporter } from '../reporter.ts'

/** What the receiving side works with. */
export interface ReceiverOptions {
  readonly ledger: Ledger
  readonly transport: Transport
  readonly messages: Messages
  readonly subjects: Subjects
  readonly clock: Clock
  readonly random: Random
  readonly reporter: Reporter
  readonly heartbeatMs: number
  readonly requestTimeoutMs: number
  readonly retryMaxMs: number
  readonly pageBytes: number
  /** Rows of several commits are applied as one batch up to this size. */
  readonly groupBytes: number
}

const FEED_PENDING_MAX = 4096
const FEED_PENDING_BYTES_MAX = 16 * 1024 * 1024

/** Talks with one publisher about one table. */
export class Channel {
  readonly publisher: string
  readonly table: string
  readonly #options: ReceiverOptions
  #feed: Subscription | undefined

  constructor(publisher: string, table: string, options: ReceiverOptions) {
    this.publisher = publisher
    this.table = table
    this.#options = options
  }

  async open(request: OpenRequest, signal: AbortSignal): Promise<OpenReply> {
    const { open, opened } = this.#options.messages
    return await this.#request('open', open.encode(request), opened, signal)
  }

  async pull(request: PullRequest, signal: AbortSignal): Promise<PullReply> {
    const { pull, pulled } = this.#options.messages
    return await this.#request('pull', pull.encode(request), pulled, signal)
  }

  async page(request: PageRequest, signal: AbortSignal): Promise<PageReply> {
    const { page, paged } = this.#options.messages
    return await this.#request('page', page.encode(request), paged, signal)
  }

  async check(request: CheckRequest, signal: AbortSignal): Promise<CheckReply> {
    const { check, checked } = this.#options.messages
    return await this.#request('check', check.encode(request), checked, signal)
  }

  /** Tells the publisher that this node does not subscribe any more. */
  async leave(signal: AbortSignal): Promise<void> {
    const { messages, ledger, transport, subjects, requestTimeoutMs } = this.#options
    const subject = subjects.request(this.publisher, this.table, 'close')
    const payload = messages.presence.encode({ node: ledger.node })
    await transport.request(subject, payload, { timeoutMs: requestTimeoutMs, signal })
  }

  /** Hands each push to `handle`, in order, one at a time; ends the feed before. */
  listen(subject: string, handle: (push: Push | undefined) => Promise<void>): void {
    this.unlisten()
    const feed = this.#options.transport.subscribe(subject, {
      maxPending: FEED_PENDING_MAX,
      maxPendingBytes: FEED_PENDING_BYTES_MAX,
    })
    this.#feed = feed
    this.#read(feed, handle).catch((error: unknown) => {
      this.#options.reporter.error('reading a feed', error, this.#facts)
    })
  }

  unlisten(): void {
    this.#feed?.unsubscribe()
    this.#feed = undefined
  }

  /** Tells the publisher how far this node is; nothing when it cannot be reached. */
  acknowledge(acknowledgement: Acknowledgement): void {
    const { transport, subjects, messages, reporter } = this.#options
    if (transport.state !== 'connected') return
    try {
      const subject = subjects.acknowledgement(this.publisher, this.table)
      transport.publish(subject, messages.acknowledgement.encode(acknowledgement))
    } catch (error) {
      if (!isTransportError(error)) reporter.error('acknowledging', error, this.#facts)
    }
  }

  async #read(
    feed: Subscription,
    handle: (push: Push | undefined) => Promise<void>,
  ): Promise<void> {
    for await (const message of feed) {
      if (this.#feed !== feed) return
      let push: Push | undefined
      try {
        push = this.#options.messages.push.decode(message.payload)
      } catch (error) {
        this.#options.reporter.malformed('reading a feed', error, this.#facts)
      }
      await handle(push)
    }
  }

  async #request<T extends object>(
    verb: RequestVerb,
    payload: Uint8Array,
    codec: MessageCodec<T | Refusal>,
    signal: AbortSignal,
  ): Promise<T> {
    const { transport, subjects, requestTimeoutMs: timeoutMs } = this.#options
    const subject = subjects.request(this.publisher, this.table, verb)
    const reply = await transport.request(subject, payload, { timeoutMs, signal })
    const answer = codec.decode(reply.payload)
    if ('refused' in answer) throw this.#refusal(answer)
    return answer
  }

  #refusal({ refused, reason }: Refusal): ReplicatorError {
    const codes = { UNKNOWN: 'NOT_SUBSCRIBED', BUSY: 'PUBLISHER_BUSY', INVALID: 'REFUSED' } as const
    const message = `${this.publisher} refuses ${this.table}: ${reason}`
    return new ReplicatorError(codes[refused], message, this.#facts)
  }

  get #facts(): { readonly table: string; readonly node: string } {
    return { table: this.table, node: this.publisher }
  }
}
