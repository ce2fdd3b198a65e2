import {
  type Clock,
  type Logger,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '@ashlar/codec'
import type { Store, SyncMode } from '@ashlar/lsm-store'
import { checkName, duration, integer } from '../checks.ts'
import type { SchedulerEvents } from '../observe/events.ts'
import type { Tracing } from '../observe/tracing.ts'
import type { TenantSettings } from '../partition/front.ts'
import type { LimitOptions } from '../partition/limit.ts'
import type { FailedHeadPolicy, PartitionSettings } from '../partition/parts.ts'
import type { RateLimit } from '../partition/token-bucket.ts'
import type { HandlerMap } from '../run/handler.ts'

/** How the tenants of a queue share it. */
export interface TenantOptions {
  /** Runs of one tenant at one time. Default: as many as the queue has. */
  readonly concurrency?: number
  /** Starts of one tenant in a time. Default: no limit. */
  readonly rate?: RateLimit
  /** Starts in a row that a tenant has when its turn comes, 1 to 1 000. Default 1 each. */
  readonly weights?: Readonly<Record<string, number>>
}

/** How one queue differs from the scheduler's defaults. */
export interface QueueOptions {
  /** Runs of this queue at one time. Default: the scheduler's `concurrency`. */
  readonly concurrency?: number
  /** Starts of this queue in a time. Default: no limit. */
  readonly rate?: RateLimit
  readonly tenants?: TenantOptions
  /** What happens to the other tasks of a key when one fails. Default `skip`. */
  readonly onFailedHead?: FailedHeadPolicy
}

/** How a scheduler is opened. */
export interface SchedulerOptions<H extends HandlerMap = HandlerMap> {
  /** A directory for a store of the scheduler's own. Give this or `store`. */
  readonly path?: string
  /** An open store, shared with the caller, who closes it. Give this or `path`. */
  readonly store?: Store
  /** The code that runs tasks, by name. */
  readonly handlers: H
  /** Keys of the store that begin with this are the scheduler's. Default `~s/`. */
  readonly prefix?: string
  /**
   * When a call counts as stored: after fdatasync, or after write(2), which survives the process
   * but not a power cut. Default: the store's own mode.
   */
  readonly sync?: SyncMode
  /** `false`: tasks are scheduled, listed and cancelled here, and run elsewhere. Default `true`. */
  readonly run?: boolean
  /**
   * Keeps the process alive until the scheduler is closed, for processes that have nothing else to
   * do. Default `false`: the scheduler alone does not keep a process from ending.
   */
  readonly keepAlive?: boolean
  /** Runs at one time, over all queues. Default 50. */
  readonly concurrency?: number
  /** Queues that differ from the defaults, by name. Others are made by the first task. */
  readonly queues?: Readonly<Record<string, QueueOptions>>
  /** Tasks of one queue held in memory; up to twice as many for a moment. Default 10 000. */
  readonly lookAheadTasks?: number
  /** How far ahead of their time tasks are read into memory. Default 60 000. */
  readonly lookAheadMs?: number
  /** How often the wall clock is compared with the monotonic one, to notice steps. Default 10 000. */
  readonly clockCheckMs?: number
  /** What `close` gives running tasks before it aborts them. Default 10 000. */
  readonly drainMs?: number
  /** What an aborted run has before it is given up. Default 5 000. */
  readonly abortGraceMs?: number
  /** A task that was cut off by the end of the process so often is dead. Default 20. */
  readonly maxInterruptions?: number
  /** Tasks in one `scheduleMany`. Default 10 000. */
  readonly maxBulk?: number
  /** Calls that wait for the store at one time; more are refused. Default 100 000. */
  readonly maxUnacknowledged?: number
  /**
   * Most queues at one time; each tenant and priority of a queue that has something counts as one.
   * Default 10 000.
   */
  readonly maxQueues?: number
  /** Most schedules; memory holds an id and a time of each. Default 100 000. */
  readonly maxSchedules?: number
  /** Time. Default the system's. */
  readonly clock?: Clock
  /** Chance, for jitter. Default the system's. */
  readonly random?: Random
  /** Default: silent. */
  readonly logger?: Logger
  readonly events?: SchedulerEvents
  /** Joins traces from scheduling to running. Default: none. */
  readonly tracing?: Tracing
}

/** What is decided about one queue. */
export interface QueueSettings extends PartitionSettings {
  readonly limits: LimitOptions
  readonly tenants: TenantSettings
}

/** Options with every default filled in. */
export interface ResolvedSchedulerOptions {
  readonly prefix: string
  readonly sync: SyncMode | undefined
  readonly run: boolean
  readonly keepAlive: boolean
  readonly concurrency: number
  readonly queues: ReadonlyMap<string, QueueSettings>
  readonly defaults: QueueSettings
  readonly clockCheckMs: number
  readonly drainMs: number
  readonly abortGraceMs: number
  readonly maxInterruptions: number
  readonly maxBulk: number
  readonly maxUnacknowledged: number
  readonly maxQueues: number
  readonly maxSchedules: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly events: SchedulerEvents
  readonly tracing: Tracing | undefined
}

const POLICIES: readonly unknown[] = ['block', 'skip', 'park']
const YEAR_MS = 366 * 24 * 3_600_000
/** A set of running tasks is looked through now and then, so it stays small. */
const MAX_CONCURRENCY = 100_000
const MAX_WEIGHT = 1_000
const MAX_RATE = 1_000_000_000

/** Fills in defaults and checks every field once. */
export function resolveOptions(options: SchedulerOptions): ResolvedSchedulerOptions {
  if ((options.path === undefined) === (options.store === undefined)) {
    throw new TypeError('give either path or store')
  }
  if (typeof options.handlers !== 'object' || options.handlers === null) {
    throw new TypeError('handlers must be an object of handlers by name')
  }
  const prefix = options.prefix ?? '~s/'
  if (typeof prefix !== 'string' || prefix.length === 0 || prefix.length > 64) {
    throw new RangeError('prefix must be a string of 1 to 64 characters')
  }
  const concurrency = integer('concurrency', options.concurrency ?? 50, 1, MAX_CONCURRENCY)
  const defaults: QueueSettings = {
    limits: { concurrency, rate: undefined },
    tenants: { concurrency: Infinity, rate: undefined, weights: {} },
    onFailedHead: 'skip',
    lookAheadTasks: integer('lookAheadTasks', options.lookAheadTasks ?? 10_000, 2, 10_000_000),
    lookAheadMs: duration('lookAheadMs', options.lookAheadMs ?? 60_000, 1_000, YEAR_MS),
  }
  return {
    prefix,
    sync: options.sync,
    run: options.run ?? true,
    keepAlive: options.keepAlive ?? false,
    concurrency,
    queues: resolveQueues(options.queues ?? {}, defaults),
    defaults,
    clockCheckMs: duration('clockCheckMs', options.clockCheckMs ?? 10_000, 10, Infinity),
    drainMs: duration('drainMs', options.drainMs ?? 10_000, 0, YEAR_MS),
    abortGraceMs: duration('abortGraceMs', options.abortGraceMs ?? 5_000, 0, YEAR_MS),
    maxInterruptions: integer('maxInterruptions', options.maxInterruptions ?? 20, 1, 1_000_000),
    maxBulk: integer('maxBulk', options.maxBulk ?? 10_000, 1, 1_000_000),
    maxUnacknowledged: integer(
      'maxUnacknowledged',
      options.maxUnacknowledged ?? 100_000,
      1,
      100_000_000,
    ),
    maxQueues: integer('maxQueues', options.maxQueues ?? 10_000, 1, 1_000_000),
    maxSchedules: integer('maxSchedules', options.maxSchedules ?? 100_000, 1, 10_000_000),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? silentLogger,
    events: options.events ?? {},
    tracing: options.tracing,
  }
}

function resolveQueues(
  queues: Readonly<Record<string, QueueOptions>>,
  defaults: QueueSettings,
): ReadonlyMap<string, QueueSettings> {
  const resolved = new Map<string, QueueSettings>()
  for (const [name, queue] of Object.entries(queues)) {
    const field = `queues['${name}']`
    checkName(name, 'a queue name')
    const { onFailedHead = defaults.onFailedHead, tenants = {} } = queue
    if (!POLICIES.includes(onFailedHead)) {
      throw new RangeError(`${field}.onFailedHead must be 'block', 'skip' or 'park'`)
    }
    const limits = resolveLimit(field, queue, defaults.limits.concurrency)
    const { weights = {} } = tenants
    for (const [tenant, weight] of Object.entries(weights)) {
      integer(`${field}.tenants.weights['${tenant}']`, weight, 1, MAX_WEIGHT)
    }
    const each = resolveLimit(`${field}.tenants`, tenants, Infinity)
    resolved.set(name, { ...defaults, onFailedHead, limits, tenants: { ...each, weights } })
  }
  return resolved
}

function resolveLimit(
  field: string,
  { concurrency, rate }: Pick<QueueOptions, 'concurrency' | 'rate'>,
  most: number,
): LimitOptions {
  if (rate !== undefined) {
    integer(`${field}.rate.limit`, rate.limit, 1, MAX_RATE)
    duration(`${field}.rate.perMs`, rate.perMs, 1, YEAR_MS)
    if (rate.burst !== undefined) integer(`${field}.rate.burst`, rate.burst, 1, MAX_RATE)
  }
  if (concurrency !== undefined) integer(`${field}.concurrency`, concurrency, 1, MAX_CONCURRENCY)
  return { concurrency: concurrency ?? most, rate }
}
