import type { MsgHdrs } from '@nats-io/transport-node'
import { TransportError } from '../../errors.ts'
import type { Payload } from '../../message/message.ts'
import { isAtLeast } from '../server-version.ts'
import type { JetStreamApi, PubAck } from './api.ts'
import { FAULT, foundSequence, isFault } from './api-error.ts'
import { lastOf } from './stored-message.ts'
import type { StreamConfig, StreamInfo } from './stream-config.ts'

const EXPECTED_SEQUENCE = 'Nats-Expected-Last-Sequence'
const EXPECTED_SUBJECT_SEQUENCE = 'Nats-Expected-Last-Subject-Sequence'
/** Tries against writers of other subjects before the stream counts as too busy. */
const MAX_RACES = 64
/** Longest wait between two tries. */
const MAX_WAIT_MS = 20
/** From here on a cluster decides about one subject in its log, not before (nats-server #4320). */
const DECIDES_PER_SUBJECT = '2.10.0'

/** A message that is stored only if its subject is where it is expected to be. */
export interface ConditionalMessage {
  /** Where it is published; differs from its subject in a domain of another name. */
  readonly target: string
  readonly subject: string
  readonly payload: Payload
  /** Fresh headers for each try. */
  readonly createHeaders: () => MsgHdrs
  /** The subject's last sequence, 0 for none. */
  readonly expected: number
}

/** A subject that is not where it was expected to be. */
export class SubjectMoved extends Error {
  override readonly name = 'SubjectMoved'
  /** Where it is, if the server said so. */
  readonly actual: number | undefined

  constructor(subject: string, actual: number | undefined, cause?: unknown) {
    super(`${subject} is at sequence ${actual ?? 'another'}`, { cause })
    this.actual = actual
  }
}

/**
 * Stores under a condition. Rejects with {@link SubjectMoved} when it does not hold.
 *
 * Clusters before 2.10 look at a subject's sequence before they agree on an order, so that two
 * writers at a time may both win. There the condition is put on the whole stream, which is looked
 * at in the agreed order, and tried again when only other subjects have moved.
 */
export async function storeIfLast(
  api: JetStreamApi,
  config: StreamConfig,
  message: ConditionalMessage,
): Promise<PubAck> {
  const isSafe =
    config.num_replicas === 1 ||
    message.expected === 0 ||
    isAtLeast(api.link.serverVersion, DECIDES_PER_SUBJECT)
  return isSafe
    ? await storeBySubject(api, message)
    : await storeByStream(api, config.name, message)
}

async function storeBySubject(api: JetStreamApi, message: ConditionalMessage): Promise<PubAck> {
  const { target, subject, payload, createHeaders, expected } = message
  const headers = createHeaders()
  headers.append(EXPECTED_SUBJECT_SEQUENCE, String(expected))
  try {
    return await api.store(target, payload, headers)
  } catch (error) {
    // The second code: another conditional write to the subject is on its way.
    if (isFault(error, FAULT.wrongLastSequence, FAULT.wrongLastSequenceConstant)) {
      throw new SubjectMoved(subject, foundSequence(error.fault), error)
    }
    throw error
  }
}

async function storeByStream(
  api: JetStreamApi,
  stream: string,
  message: ConditionalMessage,
): Promise<PubAck> {
  const { target, subject, payload, createHeaders, expected } = message
  for (let race = 0; race < MAX_RACES; race += 1) {
    // In this order: what was not there after the last sequence was not there before it.
    const { state } = await api.read<StreamInfo>(`STREAM.INFO.${stream}`)
    const found = (await lastOf(api, stream, subject, false))?.sequence ?? 0
    if (found !== expected) throw new SubjectMoved(subject, found)
    const headers = createHeaders()
    headers.append(EXPECTED_SEQUENCE, String(state.last_seq))
    try {
      return await api.store(target, payload, headers)
    } catch (error) {
      if (!isFault(error, FAULT.wrongLastSequence)) throw error
      await pause(api, race)
    }
  }
  throw new TransportError(
    'DISCONNECTED',
    `${stream} is written too busily for a condition on one subject before nats-server ` +
      `${DECIDES_PER_SUBJECT}; nothing was stored`,
  )
}

function pause(api: JetStreamApi, race: number): Promise<void> {
  const { clock, options } = api.link
  const waitMs = options.random.next() * Math.min(MAX_WAIT_MS, race + 1)
  return new Promise((resolve) => clock.setTimer(resolve, waitMs, { keepAlive: true }))
}
