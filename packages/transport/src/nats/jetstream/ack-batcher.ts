import { isTransportError, TransportError } from '../../errors.ts'
import type { Payload } from '../../message/message.ts'
import { lostAnswer, type NatsLink } from '../nats-link.ts'

const ACK: Payload = Buffer.from('+ACK')

interface Batch {
  readonly replies: string[]
  readonly done: PromiseWithResolvers<void>
}

/**
 * Acknowledges deliveries of one consumer so that the promise tells that it is recorded. The
 * server takes a connection's acknowledgements in order: of those given in one turn only the last
 * asks for an answer, which then stands for all.
 */
export class AckBatcher {
  readonly #link: NatsLink
  #batch: Batch | undefined

  constructor(link: NatsLink) {
    this.#link = link
  }

  ack(reply: string): Promise<void> {
    if (this.#batch === undefined) {
      this.#batch = { replies: [], done: Promise.withResolvers() }
      queueMicrotask(this.#flush)
    }
    this.#batch.replies.push(reply)
    return this.#batch.done.promise
  }

  readonly #flush = (): void => {
    const batch = this.#batch
    this.#batch = undefined
    if (batch === undefined) return
    this.#send(batch.replies).then(batch.done.resolve, batch.done.reject)
  }

  async #send(replies: readonly string[]): Promise<void> {
    const link = this.#link
    link.assertUsable()
    const last = replies.length - 1
    for (const [index, reply] of replies.entries()) {
      if (index < last) link.sendNow(reply, ACK)
    }
    const reply = replies[last] ?? ''
    try {
      await link.ask(reply, ACK, { kind: 'write', timeoutMs: link.options.requestTimeoutMs })
    } catch (error) {
      if (isTransportError(error, 'TIMEOUT')) throw lostAnswer('an acknowledgement', error)
      if (!isTransportError(error, 'NO_RESPONDERS')) throw error
      const what = 'the log or its consumer was removed meanwhile, or has no leader at this moment'
      throw new TransportError('LOG_MISSING', what, { cause: error })
    }
  }
}
