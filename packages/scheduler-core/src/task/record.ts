import { createRecordCodec, isCodecError, type RecordCodec } from '@ashlar/codec'
import { SchedulerError } from '../errors.ts'
import type { Queue } from '../storage/queue.ts'
import {
  type Area,
  type ChildFailurePolicy,
  Task,
  type TaskFailure,
  type TaskOverrides,
} from './task.ts'

/** No stored task is larger. */
export const MAX_RECORD_BYTES: number = 4 * 1024 * 1024

/** Rarely needed fields, under one-letter names; an absent one has its default. */
interface Extras {
  /** unique key */
  u?: string
  /** turn among the tasks of its key, where it is not the time in the store's key */
  q?: number
  /** time in the id, where it is not the time in the store's key */
  o?: number
  /** failed attempts */
  a?: number
  /** runs cut off by the end of the process */
  i?: number
  /** overrides */
  v?: TaskOverrides
  /** last failure */
  f?: TaskFailure
  /** the schedule that made it */
  s?: string
  /** priority, where it is not its stream's */
  y?: number
  /** number of the stream in its id, where it is in another one now */
  h?: number
  /** parents that wait for it: the name they know it by, their ids */
  p?: readonly [name: string, ids: readonly Uint8Array[]]
  /** what becomes of it when a child is dead */
  c?: ChildFailurePolicy
  /** W3C Trace Context */
  t?: string
}

type TaskTuple = readonly [
  handler: string,
  version: number,
  payload: unknown,
  createdAt: number,
  key?: string | null,
  extras?: Extras,
]

const codec: RecordCodec<TaskTuple> = createRecordCodec<TaskTuple>({
  version: 1,
  maxBytes: MAX_RECORD_BYTES,
})

/** The bytes of a task, without what its key in the store says. Throws PAYLOAD_INVALID. */
export function encodeTask(task: Task): Uint8Array {
  const extras = extrasOf(task)
  const { handler, version, payload, createdAt, key } = task
  try {
    if (extras !== undefined) {
      return codec.encode([handler, version, payload, createdAt, key ?? null, extras])
    }
    if (key !== undefined) return codec.encode([handler, version, payload, createdAt, key])
    return codec.encode([handler, version, payload, createdAt])
  } catch (cause) {
    throw unstorable(cause)
  }
}

/** What a caller is told of a payload that the codec refuses. */
export function unstorable(cause: unknown): SchedulerError {
  const message = isCodecError(cause, 'RECORD_TOO_LARGE')
    ? `the task is larger than ${MAX_RECORD_BYTES} bytes: store the data and pass a reference`
    : 'the payload cannot be stored: use plain objects, arrays, strings, numbers, bytes, dates'
  return new SchedulerError('PAYLOAD_INVALID', message, { cause })
}

/** The task that stands at (area, at, seq). Throws what the codec throws on damage. */
export function decodeTask(
  queue: Queue,
  area: Area,
  at: number,
  seq: number,
  bytes: Uint8Array,
): Task {
  const tuple = codec.decode(bytes)
  if (!Array.isArray(tuple) || typeof tuple[0] !== 'string' || typeof tuple[1] !== 'number') {
    throw new TypeError('the stored value is not a task')
  }
  const [handler, version, payload, createdAt, key, extras = {}] = tuple as TaskTuple
  const task = new Task(
    queue,
    seq,
    extras.o ?? at,
    {
      handler,
      version,
      payload,
      createdAt,
      key: key ?? undefined,
      uniqueKey: extras.u,
      overrides: extras.v,
      traceparent: extras.t,
      scheduleId: extras.s,
      priority: extras.y ?? queue.priority,
    },
    extras.h ?? queue.number,
  )
  task.area = area
  task.at = at
  task.order = extras.q ?? at
  task.attempts = extras.a ?? 0
  task.interruptions = extras.i ?? 0
  task.failure = extras.f
  if (extras.p !== undefined) task.parents = { name: extras.p[0], ids: extras.p[1] }
  task.onChildFailed = extras.c
  return task
}

function extrasOf(task: Task): Extras | undefined {
  const extras: Extras = {}
  let some = false
  const set = <K extends keyof Extras>(name: K, value: Extras[K]): void => {
    extras[name] = value
    some = true
  }
  if (task.uniqueKey !== undefined) set('u', task.uniqueKey)
  if (task.order !== task.at) set('q', task.order)
  if (task.origin !== task.at) set('o', task.origin)
  if (task.attempts > 0) set('a', task.attempts)
  if (task.interruptions > 0) set('i', task.interruptions)
  if (task.overrides !== undefined) set('v', task.overrides)
  if (task.failure !== undefined) set('f', task.failure)
  if (task.scheduleId !== undefined) set('s', task.scheduleId)
  if (task.home !== task.queue.number) set('h', task.home)
  const { parents } = task
  if (parents !== undefined) set('p', [parents.name, parents.ids])
  if (task.onChildFailed !== undefined) set('c', task.onChildFailed)
  if (task.priority !== task.queue.priority) set('y', task.priority)
  if (task.traceparent !== undefined) set('t', task.traceparent)
  return some ? extras : undefined
}
