import type { ResolvedConsumeOptions } from '../../log/log-options.ts'
import { nanos } from './stream-config.ts'

/** The part of JetStream's consumer configuration that the driver uses. Times in ns. */
export interface ConsumerConfig {
  readonly durable_name?: string
  readonly ack_policy: 'explicit' | 'none'
  readonly deliver_policy:
    | 'all'
    | 'new'
    | 'by_start_sequence'
    | 'by_start_time'
    | 'last_per_subject'
  readonly replay_policy: 'instant'
  readonly opt_start_seq?: number
  readonly opt_start_time?: string
  readonly filter_subject?: string
  readonly ack_wait?: number
  readonly max_ack_pending?: number
  readonly max_deliver?: number
  readonly inactive_threshold?: number
  readonly mem_storage?: boolean
  readonly num_replicas?: number
  readonly headers_only?: boolean
}

/** A consumer as the server shows it. */
export interface ConsumerInfo {
  readonly name: string
  readonly config: ConsumerConfig
  readonly ack_floor: { readonly stream_seq: number }
  readonly delivered: { readonly stream_seq: number }
  readonly num_pending: number
  readonly num_ack_pending: number
}

/** An ephemeral consumer that nobody pulls from for this long is removed by the server. */
const INACTIVE_MS = 120_000

/** The configuration of a log's consumer. */
export function consumerConfig(
  durable: string | undefined,
  prefix: string,
  options: ResolvedConsumeOptions,
): ConsumerConfig {
  return {
    ...(durable === undefined
      ? { inactive_threshold: nanos(INACTIVE_MS) }
      : { durable_name: durable }),
    ack_policy: 'explicit',
    replay_policy: 'instant',
    ...start(options),
    ...(options.subject === undefined ? {} : { filter_subject: prefix + options.subject }),
    ack_wait: nanos(options.ackWaitMs),
    max_ack_pending: options.maxInFlight,
    max_deliver: options.maxDeliveries === Infinity ? -1 : options.maxDeliveries,
  }
}

/** A durable's rules, read back from the server. */
export function consumeOptionsOf(config: ConsumerConfig, prefix: string): ResolvedConsumeOptions {
  const { filter_subject: filter, max_deliver: deliver = -1 } = config
  return {
    subject: filter ? filter.slice(prefix.length) : undefined,
    startSequence: undefined,
    startTimeMs: undefined,
    ackWaitMs: (config.ack_wait ?? 0) / nanos(1),
    maxInFlight: config.max_ack_pending ?? 0,
    maxDeliveries: deliver <= 0 ? Infinity : deliver,
  }
}

/** Where a consumer starts. */
export function startAt(
  sequence: number,
): Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_seq'> {
  return sequence <= 1
    ? { deliver_policy: 'all' }
    : { deliver_policy: 'by_start_sequence', opt_start_seq: sequence }
}

function start(options: ResolvedConsumeOptions) {
  const { startSequence, startTimeMs } = options
  if (startTimeMs === undefined) return startAt(startSequence ?? 1)
  return {
    deliver_policy: 'by_start_time',
    opt_start_time: new Date(startTimeMs).toISOString(),
  } as const
}
