import { createRecordCodec, type RecordCodec } from '@ashlar/codec'
import type { MisfirePolicy } from '../recurrence/misfire.ts'
import type { StoredTiming } from '../recurrence/timing.ts'
import { MAX_RECORD_BYTES, unstorable } from '../task/record.ts'
import type { TaskOverrides } from '../task/task.ts'

/** What each task of a schedule is made of. */
export interface TaskTemplate {
  readonly queue: string
  readonly handler: string
  readonly version: number
  readonly payload: unknown
  readonly key: string | undefined
  readonly overrides: TaskOverrides | undefined
  readonly tenant: string
  readonly priority: number
}

/** A schedule as the store has it. */
export interface StoredSchedule {
  readonly template: TaskTemplate
  readonly timing: StoredTiming
  readonly misfire: MisfirePolicy
  readonly paused: boolean
  /** The first occurrence that has not been dealt with; `undefined`: there is none left. */
  readonly nextAt: number | undefined
  /** The last occurrence that got a task. */
  readonly lastAt: number | undefined
  /** Where counting starts when the timing has no first time. */
  readonly anchor: number
  readonly createdAt: number
  readonly changedAt: number
}

type ScheduleTuple = readonly [
  template: readonly [
    queue: string,
    handler: string,
    version: number,
    payload: unknown,
    key: string | null,
    overrides: TaskOverrides | null,
    tenant: string,
    priority: number,
  ],
  timing: readonly [
    kind: StoredTiming['kind'],
    text: string,
    zone: string,
    startAt: number | null,
    endAt: number | null,
  ],
  misfire: MisfirePolicy,
  paused: boolean,
  nextAt: number | null,
  lastAt: number | null,
  anchor: number,
  createdAt: number,
  changedAt: number,
]

const codec: RecordCodec<ScheduleTuple> = createRecordCodec<ScheduleTuple>({
  version: 1,
  maxBytes: MAX_RECORD_BYTES,
})

/** Throws PAYLOAD_INVALID. */
export function encodeSchedule(schedule: StoredSchedule): Uint8Array {
  try {
    return codec.encode(tupleOf(schedule))
  } catch (cause) {
    throw unstorable(cause)
  }
}

function tupleOf(schedule: StoredSchedule): ScheduleTuple {
  const { template, timing, misfire, paused, nextAt, lastAt, anchor } = schedule
  const { queue, handler, version, payload, key, overrides, tenant, priority } = template
  const { kind, text, zone, startAt, endAt } = timing
  return [
    [queue, handler, version, payload, key ?? null, overrides ?? null, tenant, priority],
    [kind, text, zone, startAt ?? null, endAt ?? null],
    misfire,
    paused,
    nextAt ?? null,
    lastAt ?? null,
    anchor,
    schedule.createdAt,
    schedule.changedAt,
  ]
}

export function decodeSchedule(bytes: Uint8Array): StoredSchedule {
  const [template, timing, misfire, paused, nextAt, lastAt, anchor, createdAt, changedAt] =
    codec.decode(bytes)
  const [queue, handler, version, payload, key, overrides, tenant, priority] = template
  const [kind, text, zone, startAt, endAt] = timing
  return {
    template: {
      queue,
      handler,
      version,
      payload,
      key: key ?? undefined,
      overrides: overrides ?? undefined,
      tenant,
      priority,
    },
    timing: { kind, text, zone, startAt: startAt ?? undefined, endAt: endAt ?? undefined },
    misfire,
    paused,
    nextAt: nextAt ?? undefined,
    lastAt: lastAt ?? undefined,
    anchor,
    createdAt,
    changedAt,
  }
}
