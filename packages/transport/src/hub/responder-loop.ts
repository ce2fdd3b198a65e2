import { TransportError } from '../errors.ts'
import { NO_HEADERS } from '../message/headers.ts'
import type { Headers, Message, Payload, Responder } from '../message/message.ts'
import type { Receiver } from './router.ts'

/** Header of an answer that is an error, as NATS services send it. */
const ERROR_HEADER = 'Nats-Service-Error'
/** Header with the code of such an error. */
const ERROR_CODE_HEADER = 'Nats-Service-Error-Code'
const MAX_ERROR_LENGTH = 512

/** What a responder needs. */
export interface ResponderLoopOptions {
  readonly handler: (message: Message) => Payload | Promise<Payload>
  readonly queue: string | undefined
  readonly maxInFlight: number
  readonly maxPending: number
  readonly onError: ((error: unknown) => void) | undefined
  readonly isReachable: () => boolean
  /** Sends an answer; throws when it cannot be sent. */
  readonly answer: (reply: string, payload: Payload, headers: Headers) => void
  /** Stops the flow into `receive`. Called once. */
  readonly detach: () => void
  /** Called once when nothing is left to do. */
  readonly onStopped: () => void
}

/**
 * Runs a handler over incoming requests: at most `maxInFlight` at a time, in order of arrival.
 * A handler that returns bytes rather than a promise costs no promise.
 */
export class ResponderLoop implements Receiver, Responder {
  readonly queue: string | undefined
  readonly #options: ResponderLoopOptions
  #waiting: Message[] = []
  #head = 0
  #running = 0
  #scheduled = false
  #attached = true
  readonly #idle: (() => void)[] = []

  constructor(options: ResponderLoopOptions) {
    this.#options = options
    this.queue = options.queue
  }

  get reachable(): boolean {
    return this.#options.isReachable()
  }

  receive(message: Message): void {
    if (this.#waiting.length - this.#head >= this.#options.maxPending) {
      // Later, because a request is not registered before it was sent.
      queueMicrotask(() =>
        this.#fail(message, new TransportError('REMOTE', 'the responder is overloaded')),
      )
      return
    }
    this.#waiting.push(message)
    this.#schedule()
  }

  stop(): Promise<void> {
    this.#detachOnce()
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#settleIdle()
    })
  }

  /** Drops what waits; running handlers cannot be stopped, their answers go nowhere. */
  cut(): void {
    this.#detachOnce()
    this.#waiting = []
    this.#head = 0
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #detachOnce(): void {
    if (!this.#attached) return
    this.#attached = false
    this.#options.detach()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    while (this.#head < this.#waiting.length && this.#running < this.#options.maxInFlight) {
      const message = this.#waiting[this.#head]
      this.#head += 1
      if (message !== undefined) this.#handle(message)
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = []
      this.#head = 0
      this.#settleIdle()
    } else if (this.#head > 1024) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }

  #handle(message: Message): void {
    let result: Payload | Promise<Payload>
    try {
      result = this.#options.handler(message)
    } catch (error) {
      this.#fail(message, error)
      return
    }
    if (result instanceof Uint8Array) {
      this.#answer(message, result)
      return
    }
    this.#running += 1
    Promise.resolve(result)
      .then(
        (payload) => this.#answer(message, payload),
        (error: unknown) => this.#fail(message, error),
      )
      .finally(() => {
        this.#running -= 1
        this.#schedule()
      })
  }

  #answer(message: Message, payload: Payload): void {
    if (message.reply === undefined) return
    try {
      if (!(payload instanceof Uint8Array)) {
        throw new TypeError('a handler must return a Uint8Array')
      }
      this.#options.answer(message.reply, payload, NO_HEADERS)
    } catch (error) {
      this.#fail(message, error)
    }
  }

  /** Tells the requester and the responder's owner; somebody always hears of it. */
  #fail(message: Message, error: unknown): void {
    const { onError } = this.#options
    if (onError !== undefined) queueMicrotask(() => onError(error))
    if (message.reply !== undefined) {
      this.#options.answer(message.reply, new Uint8Array(0), errorHeaders(error))
      return
    }
    if (onError === undefined) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #settleIdle(): void {
    if (this.#attached || this.#running > 0 || this.#head < this.#waiting.length) return
    this.#options.onStopped()
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

/** The error that an answer carries, if it is one. */
export function remoteError(message: Message): TransportError | undefined {
  const text = message.headers[ERROR_HEADER]
  return text === undefined ? undefined : new TransportError('REMOTE', text)
}

function errorHeaders(error: unknown): Headers {
  const text = error instanceof Error ? error.message : String(error)
  const line = text
    .slice(0, MAX_ERROR_LENGTH)
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
  return Object.freeze({
    [ERROR_HEADER]: line === '' ? 'the handler failed' : line,
    [ERROR_CODE_HEADER]: '500',
  })
}
