import type { Clock } from '@ashlar/codec'
import { isTransportError, type Log } from '@ashlar/transport'
import { SchedulerError } from '../errors.ts'
import { decodeEntry, encodeEntry, HEAD_BYTES } from './log-entry.ts'

/** Changes that wait while a message is on its way go into the next one, up to this size. */
const MESSAGE_BYTES = 256 * 1024
/** Messages that may be answered in one turn of the event loop before timers and sockets get theirs. */
const MESSAGES_PER_TURN = 16
/** Between attempts while the log cannot be reached. */
const RETRY_MS = 50

export interface LogWriterOptions {
  readonly log: Pick<Log, 'append' | 'read'>
  readonly subject: string
  /** Greater than that of every earlier writer. */
  readonly epoch: number
  /** The last sequence of the log: nothing may have been appended since. */
  readonly sequence: number
  readonly maxPayloadBytes: number
  readonly clock: Clock
  /** Whether this writer may still believe that the partition is its own. */
  readonly isHeld: () => boolean
}

interface Pending {
  readonly bytes: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Appends to a partition's log, one message at a time, each on the condition that it follows the one
 * before. So the log has one writer: the first message of the next owner makes every later one of
 * this one fail, whatever either of them believes about leases, and a message whose answer was lost
 * can be sent again without being stored twice.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  #sequence: number
  #boundary: number
  #queue: Pending[] = []
  #busy = false
  #failure: unknown
  #failed = false
  /** Bytes appended. */
  written = 0

  constructor(options: LogWriterOptions) {
    this.#options = options
    this.#sequence = options.sequence
    this.#boundary = options.sequence
  }

  /** The last sequence that is known to end a whole change. */
  get boundary(): number {
    return this.#boundary
  }

  /**
   * Resolves when the operations are stored: in the order of the calls, each all or not at all.
   * Rejects with `PARTITION_LOST` when somebody else writes to the log; then nothing more is stored.
   */
  append(bytes: Uint8Array): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failure as Error)
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes, resolve, reject })
      if (!this.#busy) void this.#pump()
    })
  }

  /** Nothing more is appended; what waits is refused. */
  abandon(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#failure = error
    const waiting = this.#queue
    this.#queue = []
    for (const { reject } of waiting) reject(error)
  }

  /** Never rejects. */
  async #pump(): Promise<void> {
    this.#busy = true
    for (let count = 1; this.#queue.length > 0; count += 1) {
      if (count % MESSAGES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
      const group = this.#take()
      try {
        await this.#store(group.map(({ bytes }) => bytes))
      } catch (error) {
        this.abandon(error)
        for (const { reject } of group) reject(error)
        break
      }
      this.#boundary = this.#sequence
      for (const { resolve } of group) resolve()
    }
    this.#busy = false
  }

  #take(): Pending[] {
    let size = 0
    let count = 0
    for (const { bytes } of this.#queue) {
      if (count > 0 && size + bytes.length > MESSAGE_BYTES) break
      size += bytes.length
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #store(pieces: readonly Uint8Array[]): Promise<void> {
    const { epoch, maxPayloadBytes } = this.#options
    const most = maxPayloadBytes - HEAD_BYTES
    const [first] = pieces
    if (first === undefined || pieces.length > 1 || first.length <= most) {
      await this.#appendOne(encodeEntry('changes', epoch, pieces))
      return
    }
    // What is larger than a message becomes several, which count when the last is there.
    for (let at = 0; at < first.length; at += most) {
      const last = at + most >= first.length
      const piece = first.subarray(at, at + most)
      await this.#appendOne(encodeEntry(last ? 'changes' : 'part', epoch, [piece]))
    }
  }

  async #appendOne(payload: Uint8Array): Promise<void> {
    const { log, subject, isHeld } = this.#options
    let uncertain = false
    for (;;) {
      if (this.#failed) throw this.#failure
      if (!isHeld()) throw lost('its lease is over')
      try {
        const expected = { expectedLastSequence: this.#sequence }
        const { sequence } = await log.append(subject, payload, expected)
        this.#sequence = sequence
        this.written += payload.length
        break
      } catch (error) {
        if (isTransportError(error, 'LOG_CONFLICT')) {
          if (!uncertain || !(await this.#isMine())) throw lost('somebody else has it', error)
          this.#sequence += 1
          this.written += payload.length
          break
        }
        if (!isPassing(error)) throw error
        uncertain ||= !isTransportError(error, 'DISCONNECTED')
      }
      await this.#pause()
    }
    // It is stored. But whoever waits for that is about to act on it, and must not act too late.
    if (!isHeld()) throw lost('its lease is over')
  }

  /** Whether the message after the last one is that whose answer was lost. */
  async #isMine(): Promise<boolean> {
    const { log, epoch } = this.#options
    for (;;) {
      try {
        for await (const message of log.read({ fromSequence: this.#sequence + 1, limit: 1 })) {
          // One message of this epoch is on its way at a time, so no other can stand there.
          return (
            message.sequence === this.#sequence + 1 && decodeEntry(message.payload).epoch === epoch
          )
        }
        return false
      } catch (error) {
        if (!isPassing(error) || this.#failed) throw error
      }
      await this.#pause()
    }
  }

  #pause(): Promise<void> {
    const { clock } = this.#options
    return new Promise((resolve) => clock.setTimer(() => resolve(), RETRY_MS, { keepAlive: true }))
  }
}

/** What may be different in a moment. */
export function isPassing(error: unknown): boolean {
  return (
    isTransportError(error, 'DISCONNECTED') ||
    isTransportError(error, 'UNKNOWN_OUTCOME') ||
    isTransportError(error, 'TIMEOUT') ||
    isTransportError(error, 'NO_RESPONDERS')
  )
}

function lost(why: string, cause?: unknown): SchedulerError {
  return new SchedulerError('PARTITION_LOST', `the partition is not this member's: ${why}`, {
    cause,
  })
}
