import { isTransportError, type Log } from '@ashlar/transport'
import { SchedulerError } from '../errors.ts'
import { decodeEntry, encodeEntry, LOG_FORMAT, type LogEntry } from './log-entry.ts'

/** Attempts at a log that others shorten while it is read. */
const MAX_ATTEMPTS = 20

/** Attempts at the end of a log to which an earlier owner still writes. */
const MAX_RACES = 1_000

/** Bytes that are applied in one turn of the event loop: leases have to be renewed. */
const TURN_BYTES = 256 * 1024

/** Where operations are read to. */
export interface ReplicaTarget {
  /** Forgets what was read before. */
  clear(): Promise<void>
  /** Operations that belong together. */
  apply(operations: Buffer): Promise<void>
}

/**
 * Makes an epoch that of the log: no earlier owner can append any more. Resolves with the sequence up
 * to which the log must be read. Rejects with `PARTITION_LOST` when a later epoch has been there.
 */
export async function takeOver(log: Log, subject: string, epoch: number): Promise<number> {
  const payload = encodeEntry('takeOver', epoch, [Uint8Array.of(LOG_FORMAT)])
  for (let race = 1; ; race += 1) {
    const last = await log.last(subject)
    if (last !== undefined) {
      const { epoch: lastEpoch } = decodeEntry(last.payload)
      if (lastEpoch === epoch) return last.sequence // the answer to an earlier attempt was lost
      if (lastEpoch > epoch) {
        throw new SchedulerError('PARTITION_LOST', `the log is at epoch ${lastEpoch} already`)
      }
    }
    try {
      const expectedLastSequence = last?.sequence ?? 0
      return (await log.append(subject, payload, { expectedLastSequence })).sequence
    } catch (error) {
      if (!isTransportError(error, 'LOG_CONFLICT') || race === MAX_RACES) throw error
    }
  }
}

/** Reads the whole log up to a sequence; tells how many bytes it has. */
export async function readLog(log: Log, through: number, target: ReplicaTarget): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    await target.clear()
    const bytes = await readOnce(log, through, target)
    if (bytes !== undefined) return bytes
    // Whoever compacts has written all that is needed before it removes the beginning.
    if (attempt === MAX_ATTEMPTS) {
      const message = `log ${log.name} was cut while it was read, ${attempt} times in a row`
      throw new SchedulerError('PARTITION_UNAVAILABLE', message)
    }
  }
}

/** Undefined: messages are missing in the middle or at the end. */
async function readOnce(
  log: Log,
  through: number,
  target: ReplicaTarget,
): Promise<number | undefined> {
  let next: number | undefined
  let bytes = 0
  let ofTurn = 0
  const reader = new EntryReader(target)
  for await (const { sequence, payload } of log.read()) {
    if (next !== undefined && sequence !== next) return undefined
    next = sequence + 1
    bytes += payload.length
    await reader.take(decodeEntry(payload))
    if (sequence >= through) return bytes
    ofTurn += payload.length
    if (ofTurn < TURN_BYTES) continue
    ofTurn = 0
    await new Promise((resolve) => setImmediate(resolve))
  }
  return undefined
}

/** Puts parts together, and leaves out those that never became whole. */
class EntryReader {
  readonly #target: ReplicaTarget
  #parts: Buffer[] = []

  constructor(target: ReplicaTarget) {
    this.#target = target
  }

  async take({ kind, body }: LogEntry): Promise<void> {
    if (kind === 'takeOver') {
      this.#parts = []
      if (body[0] === LOG_FORMAT) return
      throw new SchedulerError(
        'SCHEDULER_FORMAT',
        `the log has format ${String(body[0])}, this version knows ${LOG_FORMAT}: upgrade it`,
      )
    }
    this.#parts.push(body)
    if (kind === 'part') return
    const whole = this.#parts.length === 1 ? body : Buffer.concat(this.#parts)
    this.#parts = []
    await this.#target.apply(whole)
  }
}
