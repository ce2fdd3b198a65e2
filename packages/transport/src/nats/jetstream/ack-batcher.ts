import { isTransportError, TransportError } from '../../errors.ts'
import type { Payload } from '../../message/message.ts'
import { lostAnswer, type NatsLink } from '../nats-link.ts'

const ACK: Payload = Buffer.from('+ACK')
/** So many acknowledgements wait at most for the end of a turn of the event loop. */
const MAX_UNSENT = 64

/** What it needs of a connection. */
export type AckLink = Pick<NatsLink, 'reachable' | 'assertUsable' | 'sendNow' | 'ask'> & {
  readonly options: { readonly requestTimeoutMs: number }
}

/** Something to be acknowledged. */
export interface Acknowledgeable {
  /** Where its acknowledgement goes. */
  readonly reply: string
  /** The server has it. */
  onAcknowledged(): void
  /** Nobody knows whether the server has it. */
  onUnacknowledged(): void
}

/** Acknowledgements that one answer stands for. */
class Batch {
  readonly items: Acknowledgeable[] = []
  readonly done: PromiseWithResolvers<void> = Promise.withResolvers()
  /** So many of them are sent. */
  sent = 0
}

/**
 * Acknowledges deliveries of one consumer so that the promise tells that it is recorded, at the
 * price of one write a turn and one answer a round trip. The server takes a connection's
 * acknowledgements in order, so an answer to the newest stands for those before it: while one is
 * awaited the others go out, but for the newest, which asks when the answer is there.
 */
export class AckBatcher {
  readonly #link: AckLink
  /** What the answer that is awaited stands for. */
  #asked: Batch | undefined
  /** What the next answer will stand for. */
  #open: Batch | undefined
  #scheduled = false

  constructor(link: AckLink) {
    this.#link = link
  }

  /** Rejects with `UNKNOWN_OUTCOME`, `LOG_MISSING`, `DISCONNECTED`, `CLOSED`. */
  ack(item: Acknowledgeable): Promise<void> {
    this.#open ??= new Batch()
    const batch = this.#open
    batch.items.push(item)
    if (batch.items.length - batch.sent > MAX_UNSENT) this.#sendPlain(batch)
    if (!this.#scheduled) {
      this.#scheduled = true
      // When the promises of this turn were served: a loop over what came at once is one write.
      process.nextTick(this.#onTurn)
    }
    return batch.done.promise
  }

  /** Sends everything at once: nobody may be there for the next answer. */
  flush(): void {
    this.#ask()
  }

  readonly #onTurn = (): void => {
    this.#scheduled = false
    if (this.#asked === undefined) this.#ask()
    else if (this.#open !== undefined) this.#sendPlain(this.#open)
  }

  /** Sends all but the newest. */
  #sendPlain(batch: Batch): void {
    const { items } = batch
    for (; batch.sent < items.length - 1; batch.sent += 1) {
      const item = items[batch.sent]
      if (item !== undefined && this.#link.reachable) this.#link.sendNow(item.reply, ACK)
    }
  }

  #ask(): void {
    const batch = this.#open
    const last = batch?.items.at(-1)
    if (batch === undefined || last === undefined) return
    this.#open = undefined
    this.#asked = batch
    this.#sendPlain(batch)
    this.#confirm(last.reply).then(
      () => this.#onConfirmed(batch),
      (error: unknown) => this.#onFailed(batch, error),
    )
  }

  #onConfirmed(batch: Batch): void {
    for (const item of batch.items) item.onAcknowledged()
    batch.done.resolve()
    if (this.#asked !== batch) return
    this.#asked = undefined
    this.#ask()
  }

  /** What was sent since then went the same way: a later answer, of another leader, says nothing of it. */
  #onFailed(batch: Batch, error: unknown): void {
    const since = this.#asked === batch ? this.#open : undefined
    if (this.#asked === batch) this.#asked = undefined
    if (since !== undefined) this.#open = undefined
    for (const failed of [batch, since]) {
      for (const item of failed?.items ?? []) item.onUnacknowledged()
      failed?.done.reject(error)
    }
  }

  async #confirm(reply: string): Promise<void> {
    const link = this.#link
    try {
      link.assertUsable()
      await link.ask(reply, ACK, { kind: 'write', timeoutMs: link.options.requestTimeoutMs })
    } catch (error) {
      if (isTransportError(error, 'TIMEOUT')) throw lostAnswer('an acknowledgement', error)
      if (!isTransportError(error, 'NO_RESPONDERS')) throw error
      const what = 'the log or its consumer was removed meanwhile, or has no leader at this moment'
      throw new TransportError('LOG_MISSING', what, { cause: error })
    }
  }
}
