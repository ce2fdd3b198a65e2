import { TransportError } from '../../errors.ts'

/** What a delivery's reply subject says about it. */
export interface DeliveryFacts {
  /** 1 for the first delivery. */
  readonly deliveries: number
  readonly sequence: number
  /** Position among all that was ever delivered to the consumer. */
  readonly consumerSequence: number
  readonly timestampMs: number
  /** Matching messages of the stream behind this one. */
  readonly pending: number
}

const DOT = 46
const ZERO = 48
/** Digits of a time in nanoseconds behind its milliseconds. */
const NANO_DIGITS = 6
/** Tokens up to the count of deliveries: in servers before 2.10, and in newer ones. */
const OLD_TOKENS = 9
const PREFIX = '$JS.ACK.'

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<ns>.<pending>`;
 * newer servers put domain and account in front and a token at the end. Done for every delivery,
 * so without an array of its parts.
 */
export function parseAckSubject(reply: string): DeliveryFacts {
  let dots = 0
  for (let at = 0; at < reply.length; at += 1) if (reply.charCodeAt(at) === DOT) dots += 1
  if (!reply.startsWith(PREFIX) || dots < OLD_TOKENS - 1) {
    throw new TransportError('UNSUPPORTED', `not a delivery of JetStream: ${reply}`)
  }
  let at = 0
  for (let skip = dots === OLD_TOKENS - 1 ? 4 : 6; skip > 0; skip -= 1) {
    at = reply.indexOf('.', at) + 1
  }
  const numbers = new NumberReader(reply, at)
  return {
    deliveries: numbers.next(0),
    sequence: numbers.next(0),
    consumerSequence: numbers.next(0),
    // Nanoseconds do not fit into a number.
    timestampMs: numbers.next(NANO_DIGITS),
    pending: numbers.next(0),
  }
}

/** Reads one token after the other. */
class NumberReader {
  readonly #text: string
  #at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  /** The next token as a number, so many digits at its end left out. */
  next(cut: number): number {
    const dot = this.#text.indexOf('.', this.#at)
    const end = dot === -1 ? this.#text.length : dot
    let number = 0
    for (let at = this.#at; at < end - cut; at += 1) {
      number = number * 10 + this.#text.charCodeAt(at) - ZERO
    }
    this.#at = end + 1
    return number
  }
}
