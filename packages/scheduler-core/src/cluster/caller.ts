import { isTransportError } from '@ashlar/transport'
import { SchedulerError } from '../errors.ts'
import type { OperationName, ResultOf } from './operations.ts'
import { REPEATABLE } from './operations.ts'
import type { ResolvedClusterOptions } from './options.ts'
import type { OwnedPartition } from './owned-partition.ts'
import type { Owners } from './owners.ts'
import { halvesOf, type Place } from './partition-map.ts'
import type { Topology } from './topology.ts'
import { type Answer, type Call, decodeAnswer, encodeCall } from './wire.ts'

/** One request to an owner; a call may be several of them. */
const REQUEST_MS = 10_000
/** Between attempts, when no other owner becomes known. */
const RETRY_MS = 100

export interface CallerOptions {
  readonly options: ResolvedClusterOptions
  readonly owners: Owners
  readonly topology: Topology
  /** The partition, when it is this member's own. */
  readonly owned: (partition: number) => OwnedPartition | undefined
  readonly isClosed: () => boolean
}

/** What a call may be told. */
export interface CallOptions {
  readonly timeoutMs?: number | undefined
}

/** Has a partition's owner do something: this member itself, or the one that is known as owner. */
export class Caller {
  readonly #options: CallerOptions

  constructor(options: CallerOptions) {
    this.#options = options
  }

  /** Asks the partition with this number, whatever it holds. */
  call<N extends OperationName>(
    partition: number,
    operation: N,
    args: readonly unknown[],
    options?: CallOptions,
  ): Promise<ResultOf<N>> {
    return this.choose(() => partition, operation, args, options)
  }

  /**
   * Asks the partition that is chosen, which is chosen again when the map of partitions changes.
   *
   * @throws SchedulerError what the operation throws; `PARTITION_UNAVAILABLE` when no owner could be
   * reached and surely nothing was done; `OUTCOME_UNKNOWN` when it may have been done.
   */
  async choose<N extends OperationName>(
    choice: () => number,
    operation: N,
    args: readonly unknown[],
    options?: CallOptions,
  ): Promise<ResultOf<N>> {
    const { topology } = this.#options
    for (;;) {
      const partition = choice()
      const place = { partition, modulus: topology.modulusOf(partition) }
      const answer = await this.at(place, operation, args, options)
      if (answer !== 'moved') return answer.value
    }
  }

  /** Asks every partition, each about what it held when this was called, wherever that is by now. */
  async everywhere<N extends OperationName>(
    operation: N,
    args: readonly unknown[],
  ): Promise<ResultOf<N>[]> {
    const { topology } = this.#options
    const all = topology.places.map((place) => this.#allOf(place, operation, args))
    return (await Promise.all(all)).flat()
  }

  async #allOf<N extends OperationName>(
    place: Place,
    operation: N,
    args: readonly unknown[],
  ): Promise<ResultOf<N>[]> {
    const answer = await this.at(place, operation, args)
    if (answer !== 'moved') return [answer.value]
    const halves = halvesOf(place).map((half) => this.#allOf(half, operation, args))
    return (await Promise.all(halves)).flat()
  }

  /** Asks a partition as long as it holds what the caller believes; `moved`: nothing was done. */
  async at<N extends OperationName>(
    { partition, modulus }: Place,
    operation: N,
    args: readonly unknown[],
    { timeoutMs }: CallOptions = {},
  ): Promise<{ readonly value: ResultOf<N> } | 'moved'> {
    const { options, owners, topology, isClosed } = this.#options
    const { clock, callTimeoutMs } = options
    const deadline = clock.monotonic() + (timeoutMs ?? callTimeoutMs)
    let cause: unknown
    for (;;) {
      if (isClosed()) throw new SchedulerError('SCHEDULER_CLOSED', 'the scheduler is closed')
      if (topology.modulusOf(partition) !== modulus) return 'moved'
      const answer = await this.#attempt(partition, { operation, args, modulus })
      if (answer.is === 'value') return { value: answer.value as ResultOf<N> }
      if (answer.is === 'error') throw answer.error
      if (answer.is === 'unknown') {
        cause = answer.cause
        if (!REPEATABLE.has(operation)) throw unknownOutcome(operation, partition, cause)
      }
      const left = deadline - clock.monotonic()
      if (left <= 0) throw unavailable(partition, cause)
      await owners.changed(partition, Math.min(left, RETRY_MS))
    }
  }

  async #attempt(partition: number, call: Call): Promise<Answer> {
    const { options, owners, owned } = this.#options
    const own = owned(partition)
    if (own?.scheduler !== undefined) return await own.answer(call)
    const owner = owners.get(partition)
    if (owner === undefined) return { is: 'elsewhere' }
    try {
      const { transport, names } = options
      const subject = names.calls(partition, owner.epoch)
      const reply = await transport.request(subject, encodeCall(call), { timeoutMs: REQUEST_MS })
      return decodeAnswer(reply.payload)
    } catch (error) {
      // An overloaded owner has not begun with it, and its handler does not throw.
      const untouched =
        isTransportError(error, 'NO_RESPONDERS') ||
        isTransportError(error, 'DISCONNECTED') ||
        isTransportError(error, 'REMOTE')
      if (untouched) return { is: 'elsewhere' }
      const vague = isTransportError(error, 'TIMEOUT') || isTransportError(error, 'UNKNOWN_OUTCOME')
      if (vague) return { is: 'unknown', cause: error }
      if (isTransportError(error, 'PAYLOAD_TOO_LARGE')) throw new TooLarge(error)
      throw error
    }
  }
}

/** What is asked does not fit into a message to another member. */
class TooLarge extends SchedulerError {
  constructor(cause: unknown) {
    const message = 'it is larger than a message of the transport: store the data, pass a reference'
    super('PAYLOAD_INVALID', message, { cause })
  }
}

export function isTooLarge(error: unknown): boolean {
  return error instanceof TooLarge
}

function unknownOutcome(operation: string, partition: number, cause: unknown): SchedulerError {
  const message =
    `the owner of partition ${partition} was lost during ${operation}: ` +
    'it may be done or not, so look before doing it again'
  return new SchedulerError('OUTCOME_UNKNOWN', message, { cause })
}

function unavailable(partition: number, cause: unknown): SchedulerError {
  const message = `partition ${partition} has no owner that answers: are there members with run: true?`
  return new SchedulerError('PARTITION_UNAVAILABLE', message, { cause })
}
