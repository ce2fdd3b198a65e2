import type { Logger } from '@ashlar/codec'
import { type SchedulerEvent, Watchers } from './watch.ts'

/** The task that an event is about. */
export interface TaskEvent {
  readonly id: string
  readonly queue: string
  readonly key: string | undefined
  readonly tenant: string | undefined
  readonly handler: string
}

export interface TaskScheduled extends TaskEvent {
  readonly dueAt: number
  readonly outcome: 'created' | 'replaced' | 'rescheduled'
}

export interface TaskStarted extends TaskEvent {
  readonly attempt: number
  readonly fence: number
  /** From its time to its start. */
  readonly lagMs: number
}

export interface TaskCompleted extends TaskEvent {
  readonly attempt: number
  readonly runMs: number
}

export interface TaskFailed extends TaskEvent {
  readonly attempt: number
  readonly error: unknown
  /** When it runs again; `undefined` when it is dead. */
  readonly retryAt: number | undefined
}

export interface TaskDied extends TaskEvent {
  readonly attempts: number
  /** `child`: it waited for a child that is dead, with `onChildFailed: 'fail'`. */
  readonly reason: 'attempts' | 'refused' | 'interrupted' | 'child'
}

export interface TaskProgressed extends TaskEvent {
  readonly attempt: number
  readonly progress: unknown
}

export interface TaskAbandoned extends TaskEvent {
  readonly attempt: number
  readonly fence: number
}

export interface TaskTimedOut extends TaskEvent {
  readonly attempt: number
  readonly timeoutMs: number
}

export interface TaskRescheduled extends TaskEvent {
  readonly dueAt: number
}

export interface QueueEvent {
  readonly queue: string
}

/**
 * Facts about a scheduler, told through optional functions. What one throws goes to the logger and
 * nowhere else. They are called synchronously: keep them short.
 */
export interface SchedulerEvents {
  /** A task is handed to the store, or one with its unique key has another time. */
  readonly onScheduled?: (info: TaskScheduled) => void
  readonly onStarted?: (info: TaskStarted) => void
  /** Its completion is handed to the store. */
  readonly onCompleted?: (info: TaskCompleted) => void
  /** A handler gave a value to `heartbeat`. */
  readonly onProgress?: (info: TaskProgressed) => void
  readonly onFailed?: (info: TaskFailed) => void
  readonly onDied?: (info: TaskDied) => void
  /** A run was cut off by the end of an earlier process; the task runs again. */
  readonly onInterrupted?: (info: TaskEvent) => void
  /** A run ignored its aborted signal for too long: its slot is used again, it may still be running. */
  readonly onAbandoned?: (info: TaskAbandoned) => void
  /** A run is longer than its timeout: its signal is aborted. */
  readonly onTimedOut?: (info: TaskTimedOut) => void
  readonly onCancelled?: (info: TaskEvent) => void
  readonly onRescheduled?: (info: TaskRescheduled) => void
  /** Its payload or priority is another. */
  readonly onEdited?: (info: TaskEvent) => void
  /** A dead letter lives again. */
  readonly onRedriven?: (info: TaskEvent) => void
  /** A dead letter is forgotten. */
  readonly onDiscarded?: (info: TaskEvent) => void
  readonly onPaused?: (info: QueueEvent) => void
  readonly onResumed?: (info: QueueEvent) => void
  /** Something went wrong that no promise reports. */
  readonly onError?: (info: { readonly error: unknown; readonly where: string }) => void
}

/** Where events go beside listeners and watchers: to those of a whole cluster. */
export interface EventFeed {
  /** Whether somebody is there to take them. */
  readonly some: boolean
  publish(event: SchedulerEvent): void
}

/** Calls listeners, safely, and feeds those that watch. */
export class Observer {
  readonly watchers: Watchers = new Watchers()
  readonly #events: SchedulerEvents
  readonly #logger: Logger

  readonly #feed: EventFeed | undefined

  constructor(events: SchedulerEvents, logger: Logger, feed?: EventFeed) {
    this.#feed = feed
    this.#events = events
    this.#logger = logger
  }

  /** Whether somebody listens: building the facts costs. */
  wants(name: keyof SchedulerEvents): boolean {
    return this.#events[name] !== undefined || this.watchers.some || this.#feed?.some === true
  }

  tell<K extends keyof SchedulerEvents>(
    name: K,
    info: Parameters<NonNullable<SchedulerEvents[K]>>[0],
  ): void {
    if (this.watchers.some) this.watchers.publish(eventOf(name, info))
    if (this.#feed?.some === true) this.#feed.publish(eventOf(name, info))
    const listener = this.#events[name] as ((info: unknown) => void) | undefined
    if (listener !== undefined) this.call(() => listener(info), name)
  }

  /** Calls a listener; what it throws goes to the logger. */
  call(listener: () => void, event: string): void {
    try {
      listener()
    } catch (error) {
      this.#logger.error('an event listener of the scheduler threw', { event, error })
    }
  }

  error(error: unknown, where: string): void {
    this.#logger.error('the scheduler met an error', { where, error })
    this.tell('onError', { error, where })
  }
}

/** `onStarted` is watched as `started`. */
function eventOf(name: keyof SchedulerEvents, info: unknown): SchedulerEvent {
  return { type: name[2]?.toLowerCase() + name.slice(3), info } as SchedulerEvent
}
