import type { Backoff } from '../run/backoff.ts'
import type { Place } from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'
import { formatId, idBytes } from './id.ts'

/**
 * Which range of the store holds a task: `due` in the order of time, `waiting` behind its key,
 * `dead` among the dead letters, `blocked` behind its children.
 */
export type Area = 'due' | 'waiting' | 'dead' | 'blocked'

/** What a partition does with a task that it holds in memory; `stored` means that it holds none. */
export type TaskStage = 'stored' | 'future' | 'ready' | 'starting' | 'running' | 'finishing'

/** The highest; 0 is the lowest. */
export const MAX_PRIORITY = 9

/** How one task differs from its handler's defaults. */
export interface TaskOverrides {
  readonly maxAttempts?: number
  readonly timeoutMs?: number
  readonly retainMs?: number
  readonly backoff?: Backoff
}

/** Why an attempt failed. */
export interface TaskFailure {
  readonly name: string
  readonly message: string
  /** The error's `code`, where it has one. */
  readonly code?: string
  readonly at: number
}

/** What a caller decides once about a task. */
export interface TaskDraft {
  readonly handler: string
  readonly version: number
  readonly payload: unknown
  readonly createdAt: number
  readonly key: string | undefined
  readonly uniqueKey: string | undefined
  readonly overrides: TaskOverrides | undefined
  readonly traceparent?: string | undefined
  readonly scheduleId?: string | undefined
  readonly priority?: number
}

/**
 * What becomes of a parent when a child is dead: it is dead too, it goes on without, or it waits
 * until the child is redriven or discarded. A cancelled or discarded child is told to the parent,
 * which with `fail` is dead, and else goes on.
 */
export type ChildFailurePolicy = 'fail' | 'ignore' | 'wait'

/** The parents that wait for a task, and the name by which they know it. */
export interface ParentLinks {
  readonly name: string
  readonly ids: readonly Uint8Array[]
}

/** One task: what the store says of it, and where memory has it. */
export class Task {
  readonly queue: Queue
  readonly seq: number
  /** The time in its id: where it stood at first. */
  readonly origin: number
  /** The number of the stream in its id: where it stood at first. */
  readonly home: number
  readonly handler: string
  version: number
  readonly createdAt: number
  readonly key: string | undefined
  readonly uniqueKey: string | undefined
  readonly overrides: TaskOverrides | undefined
  /** The schedule that made it. */
  readonly scheduleId: string | undefined
  /** W3C Trace Context of what scheduled it. */
  readonly traceparent: string | undefined
  payload: unknown
  /** 0, the lowest, to 9. */
  priority: number
  area: Area = 'due'
  /** When it may run (`due`, `waiting`), or when it died (`dead`). */
  at: number
  /** Its turn among the tasks of its key: the time that it was asked for. */
  order: number
  attempts = 0
  interruptions = 0
  failure: TaskFailure | undefined = undefined
  parents: ParentLinks | undefined = undefined
  /** Set for a task that has children. */
  onChildFailed: ChildFailurePolicy | undefined = undefined
  stage: TaskStage = 'stored'
  /** It was taken out of the store. */
  gone = false

  constructor(
    queue: Queue,
    seq: number,
    origin: number,
    draft: TaskDraft,
    home: number = queue.number,
  ) {
    this.queue = queue
    this.home = home
    this.seq = seq
    this.origin = origin
    this.at = origin
    this.order = origin
    this.handler = draft.handler
    this.version = draft.version
    this.payload = draft.payload
    this.createdAt = draft.createdAt
    this.key = draft.key
    this.uniqueKey = draft.uniqueKey
    this.overrides = draft.overrides
    this.scheduleId = draft.scheduleId
    this.priority = draft.priority ?? queue.priority
    this.traceparent = draft.traceparent
  }

  /** The same stored task as a new object: what memory lists elsewhere is then no longer it. */
  copy(queue: Queue = this.queue): Task {
    const copy = new Task(queue, this.seq, this.origin, this, this.home)
    copy.area = this.area
    copy.at = this.at
    copy.order = this.order
    copy.attempts = this.attempts
    copy.interruptions = this.interruptions
    copy.failure = this.failure
    copy.parents = this.parents
    copy.onChildFailed = this.onChildFailed
    return copy
  }

  get id(): string {
    return formatId(this.idBytes)
  }

  /** The place that its id names. */
  get place(): Place {
    return { queue: this.home, at: this.origin, seq: this.seq }
  }

  get idBytes(): Buffer {
    return idBytes(this.home, this.origin, this.seq)
  }

  /** Whether its id no longer says where it is, so that the store keeps a forwarding address. */
  get forwarded(): boolean {
    return this.area !== 'due' || this.at !== this.origin || this.home !== this.queue.number
  }

  /** Whether a run of it has begun, or may have. */
  get started(): boolean {
    return this.stage === 'starting' || this.stage === 'running' || this.stage === 'finishing'
  }
}
