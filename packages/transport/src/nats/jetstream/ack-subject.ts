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

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<ns>.<pending>`;
 * newer servers put domain and account in front and a token at the end.
 */
export function parseAckSubject(reply: string): DeliveryFacts {
  const tokens = reply.split('.')
  const first = tokens.length === 9 ? 4 : 6
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) {
    throw new TransportError('UNSUPPORTED', `not a delivery of JetStream: ${reply}`)
  }
  const nanoseconds = tokens[first + 3] ?? '0'
  return {
    deliveries: Number(tokens[first]),
    sequence: Number(tokens[first + 1]),
    consumerSequence: Number(tokens[first + 2]),
    // Nanoseconds do not fit into a number.
    timestampMs: Number(nanoseconds.slice(0, -6)),
    pending: Number(tokens[first + 4]),
  }
}
