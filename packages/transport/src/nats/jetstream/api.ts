import type { MsgHdrs } from '@nats-io/transport-node'
import { isTransportError, TransportError } from '../../errors.ts'
import type { Payload } from '../../message/message.ts'
import { lostAnswer, type NatsLink } from '../nats-link.ts'
import type { NatsMessage } from '../nats-message.ts'
import { type ApiFault, JetStreamFault, transportError } from './api-error.ts'

const EMPTY = new Uint8Array(0)
/** How often what changes nothing is asked within its time. */
const READ_TRIES = 5

/** What JetStream says of a stored message. */
export interface PubAck {
  readonly seq: number
  readonly duplicate?: boolean
}

/** JetStream's questions and answers over a link, in the link's domain. */
export class JetStreamApi {
  readonly link: NatsLink
  /** Ends with a dot. */
  readonly prefix: string
  #domain: Promise<string> | undefined

  constructor(link: NatsLink) {
    this.link = link
    const { domain } = link.options
    this.prefix = domain === undefined ? '$JS.API.' : `$JS.${domain}.API.`
  }

  /** Asks something that changes nothing. Rejects with the driver's codes and {@link JetStreamFault}. */
  async read<T>(subject: string, body?: object): Promise<T> {
    return parse<T>(await this.#ask(subject, body, 'read', READ_TRIES))
  }

  /** Asks for a change: without an answer its outcome is unknown. */
  async change<T>(subject: string, body?: object): Promise<T> {
    return parse<T>(await this.#ask(subject, body, 'write', 1))
  }

  /** Asks for something that a second time does no harm, such as a consumer without a name. */
  async changeAgain<T>(subject: string, body: object): Promise<T> {
    return parse<T>(await this.#ask(subject, body, 'write', READ_TRIES))
  }

  /** Asks a stream itself: its answer is a message, and without the stream `NO_RESPONDERS`. */
  async readDirect(subject: string, body: object): Promise<NatsMessage> {
    this.link.assertUsable()
    const question = { kind: 'read', timeoutMs: this.link.options.requestTimeoutMs } as const
    const payload = Buffer.from(JSON.stringify(body))
    return await this.link.ask(`${this.prefix}${subject}`, payload, question)
  }

  /**
   * Stores a message: resolves with the acknowledgement, rejects with {@link JetStreamFault},
   * `NO_RESPONDERS` (no stream has the subject), `UNKNOWN_OUTCOME`, `DISCONNECTED`, `CLOSED`.
   */
  store(subject: string, payload: Payload, headers: MsgHdrs | undefined): Promise<PubAck> {
    return new Promise((resolve, reject) => {
      const { link } = this
      link.writes.enter(() => {
        const question = {
          kind: 'write',
          timeoutMs: link.options.requestTimeoutMs,
          headers,
        } as const
        link.ask(subject, payload, question).then(
          (answer) => {
            link.writes.leave()
            try {
              resolve(parse<PubAck>(answer))
            } catch (error) {
              reject(error)
            }
          },
          (error: unknown) => {
            link.writes.leave()
            reject(writeError(subject, error))
          },
        )
      }, reject)
    })
  }

  /** The domain in which streams are created, '_' for none. */
  domain(): Promise<string> {
    const { domain } = this.link.options
    if (domain !== undefined) return Promise.resolve(domain)
    this.#domain ??= this.#readDomain()
    return this.#domain
  }

  async #readDomain(): Promise<string> {
    try {
      const info = await this.read<{ readonly domain?: string }>('INFO')
      return info.domain ?? '_'
    } catch (error) {
      this.#domain = undefined
      throw error instanceof JetStreamFault ? transportError(error) : error
    }
  }

  async #ask(subject: string, body: object | undefined, kind: 'read' | 'write', tries: number) {
    const payload = body === undefined ? EMPTY : Buffer.from(JSON.stringify(body))
    const timeoutMs = this.link.options.requestTimeoutMs / tries
    for (let left = tries - 1; ; left -= 1) {
      this.link.assertUsable()
      try {
        return await this.link.ask(`${this.prefix}${subject}`, payload, { kind, timeoutMs })
      } catch (error) {
        if (isTransportError(error, 'NO_RESPONDERS')) throw this.#nobody()
        // A question that came while nobody led the stream is never answered: ask again.
        if (left > 0 && isTransportError(error, 'TIMEOUT')) continue
        throw kind === 'write' ? writeError(subject, error) : error
      }
    }
  }

  #nobody(): TransportError {
    const { domain } = this.link.options
    return domain === undefined
      ? new TransportError('UNSUPPORTED', 'JetStream is not enabled for this account')
      : new TransportError('DISCONNECTED', `JetStream domain ${domain} cannot be reached`)
  }
}

/** Turns the timeout of a change into what it means. */
export function writeError(subject: string, error: unknown): unknown {
  return isTransportError(error, 'TIMEOUT') ? lostAnswer(subject, error) : error
}

function parse<T>(message: NatsMessage): T {
  const { payload } = message
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()
  // The server's answers are trusted to be what its protocol says.
  const answer = JSON.parse(text) as T & { readonly error?: ApiFault }
  if (answer.error !== undefined) throw new JetStreamFault(answer.error)
  return answer
}
