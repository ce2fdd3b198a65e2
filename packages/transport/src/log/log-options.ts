import { TransportError } from '../errors.ts'
import { assertPattern } from '../message/subject.ts'
import type { ConsumeOptions, LogOptions } from './log.ts'

/** How long a message id is remembered by default. */
export const DEFAULT_DEDUP_WINDOW_MS = 120_000
/** Shortest age and dedup window, the finest that every driver keeps. */
export const MIN_AGE_MS = 100
/** A delivery not settled for this long comes again, by default. */
export const DEFAULT_ACK_WAIT_MS = 30_000
/** Deliveries not settled at a time, by default. */
export const DEFAULT_MAX_IN_FLIGHT = 256

/** Log options with every default filled in; no limit is `Infinity`. */
export interface ResolvedLogOptions {
  readonly subjects: readonly string[]
  readonly maxBytes: number
  readonly maxAgeMs: number
  readonly maxMessages: number
  readonly maxMessagesPerSubject: number
  readonly dedupWindowMs: number
  readonly discard: 'old' | 'new'
}

/** Consume options with every default filled in. */
export interface ResolvedConsumeOptions {
  readonly subject: string | undefined
  readonly startSequence: number | undefined
  readonly startTimeMs: number | undefined
  readonly ackWaitMs: number
  readonly maxInFlight: number
  readonly maxDeliveries: number
}

/** Checks and fills the options of a log. */
export function resolveLogOptions(options: LogOptions): ResolvedLogOptions {
  if (!Array.isArray(options.subjects) || options.subjects.length === 0) {
    throw new TypeError('subjects must list at least one subject')
  }
  for (const subject of options.subjects) assertPattern(subject)
  const maxAgeMs = atLeast('maxAgeMs', options.maxAgeMs, MIN_AGE_MS, Infinity)
  const dedupDefault = Math.min(DEFAULT_DEDUP_WINDOW_MS, maxAgeMs)
  const dedupWindowMs = atLeast('dedupWindowMs', options.dedupWindowMs, MIN_AGE_MS, dedupDefault)
  if (dedupWindowMs > maxAgeMs) throw new RangeError('dedupWindowMs must not exceed maxAgeMs')
  const discard = options.discard ?? 'old'
  if (discard !== 'old' && discard !== 'new') {
    throw new TypeError(`discard must be 'old' or 'new', got ${String(discard)}`)
  }
  return {
    subjects: [...options.subjects],
    maxBytes: positiveInteger('maxBytes', options.maxBytes, Infinity),
    maxAgeMs,
    maxMessages: positiveInteger('maxMessages', options.maxMessages, Infinity),
    maxMessagesPerSubject: positiveInteger(
      'maxMessagesPerSubject',
      options.maxMessagesPerSubject,
      Infinity,
    ),
    dedupWindowMs,
    discard,
  }
}

/** The first field in which two sets of options differ. */
export function differingLogOption(
  a: ResolvedLogOptions,
  b: ResolvedLogOptions,
): keyof ResolvedLogOptions | undefined {
  if (a.subjects.toSorted().join(' ') !== b.subjects.toSorted().join(' ')) return 'subjects'
  const fields = [
    'maxBytes',
    'maxAgeMs',
    'maxMessages',
    'maxMessagesPerSubject',
    'dedupWindowMs',
    'discard',
  ] as const
  return fields.find((field) => a[field] !== b[field])
}

/** Checks and fills the options of a consumer. */
export function resolveConsumeOptions(options: ConsumeOptions): ResolvedConsumeOptions {
  if (options.subject !== undefined) assertPattern(options.subject)
  if (options.startSequence !== undefined && options.startTimeMs !== undefined) {
    throw new TypeError('give startSequence or startTimeMs, not both')
  }
  return {
    subject: options.subject,
    startSequence:
      options.startSequence === undefined
        ? undefined
        : positiveInteger('startSequence', options.startSequence, 1),
    startTimeMs:
      options.startTimeMs === undefined
        ? undefined
        : atLeast('startTimeMs', options.startTimeMs, 0, 0),
    ackWaitMs: atLeast('ackWaitMs', options.ackWaitMs, 1, DEFAULT_ACK_WAIT_MS),
    maxInFlight: positiveInteger('maxInFlight', options.maxInFlight, DEFAULT_MAX_IN_FLIGHT),
    maxDeliveries: positiveInteger('maxDeliveries', options.maxDeliveries, Infinity),
  }
}

/** Throws `LOG_MISMATCH` unless the durable has the rules that are wanted; its start does not count. */
export function assertSameConsumer(
  durable: string,
  existing: ResolvedConsumeOptions,
  wanted: ResolvedConsumeOptions,
): void {
  const fields = ['subject', 'ackWaitMs', 'maxInFlight', 'maxDeliveries'] as const
  const field = fields.find((name) => existing[name] !== wanted[name])
  if (field === undefined) return
  throw new TransportError(
    'LOG_MISMATCH',
    `consumer ${durable} exists with ${field} ${existing[field]}, not ${wanted[field]}; ` +
      'delete it or take another name',
  )
}

/** A positive integer or the default; RangeError names the field. */
export function positiveInteger(field: string, value: number | undefined, missing: number): number {
  if (value === undefined) return missing
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${field} must be a positive integer, got ${String(value)}`)
  }
  return value
}

/** A finite number of at least `least`, or the default; RangeError names the field. */
export function atLeast(
  field: string,
  value: number | undefined,
  least: number,
  missing: number,
): number {
  if (value === undefined) return missing
  if (!Number.isFinite(value) || value < least) {
    throw new RangeError(`${field} must be a number of at least ${least}, got ${String(value)}`)
  }
  return value
}
