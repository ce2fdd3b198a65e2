import type { Store } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import type { Observer } from '../observe/events.ts'
import type { Meters } from '../observe/metrics.ts'
import type { Partition } from '../partition/partition.ts'
import { eventOf } from '../run/event-of.ts'
import type { Settlement } from '../run/settlement.ts'
import { decodeSlot } from '../run/slots.ts'
import { entries } from '../storage/entries.ts'
import type { Journal } from '../storage/journal.ts'
import { type Layout, readPlace } from '../storage/layout.ts'
import { decodeLocation } from '../storage/location.ts'
import type { Queue } from '../storage/queue.ts'
import type { QueueDirectory } from '../storage/queue-directory.ts'
import type { TaskTable } from '../storage/task-table.ts'

/** The form of everything under the prefix; docs/store-layout.md. */
const FORMAT = 3
/** That of a partition of a cluster that has been split, which only this version knows to prune. */
export const SPLIT_FORMAT = 4
/** What older versions wrote lacks some kinds of entries, and is else the same. */
const OLDEST = 1
/** From this format on a stream counts the tasks of its ids that stand in others. */
const COUNTS_AWAY = 3

/** Refuses what a newer version of this package has written; returns the format found. */
export function checkFormat(store: Store, layout: Layout, journal: Journal): number {
  const key = layout.single('format')
  const bytes = store.getSync(key)
  const format = bytes?.length === 1 ? (bytes[0] ?? 0) : 0
  if (bytes === undefined || (format >= OLDEST && format < FORMAT)) {
    journal.begin().put(key, Uint8Array.of(FORMAT))
  } else if (format !== FORMAT && format !== SPLIT_FORMAT) {
    throw new SchedulerError(
      'SCHEDULER_FORMAT',
      `the tasks in ${store.path} have format ${format}, this version knows ${SPLIT_FORMAT}: upgrade it`,
    )
  }
  return bytes === undefined ? FORMAT : format
}

/** Makes of what an older format has what this one has: in the batch that says so. */
export function upgradeFormat(
  format: number,
  {
    store,
    layout,
    journal,
    directory,
  }: Pick<RecoveryParts, 'store' | 'layout' | 'journal' | 'directory'>,
): void {
  if (format >= COUNTS_AWAY) return
  for (const [key, value] of entries(store, layout.bounds('forward'))) {
    if (decodeLocation(value).stream === undefined) continue
    const home = directory.get(readPlace(key, layout.headLength).queue)
    if (home === undefined) continue
    home.counts.away += 1
    journal.touch(home)
  }
}

export interface RecoveryParts {
  readonly store: Store
  readonly layout: Layout
  readonly journal: Journal
  readonly table: TaskTable
  readonly directory: QueueDirectory
  readonly settlement: Settlement
  readonly observer: Observer
  readonly meters: Meters
  readonly partitionOf: (queue: Queue) => Partition
  readonly maxInterruptions: number
}

/**
 * Finds the runs that the end of the last process cut off: a slot names a task and an attempt, and
 * the task is still there with that attempt ahead of it. They stay where they are, first in turn.
 * One that was cut off too often is dead: it may be what ends the process.
 */
export function recoverInterrupted(parts: RecoveryParts): void {
  const { store, layout, journal, table, directory, settlement, observer, meters } = parts
  for (const [key, value] of entries(store, layout.bounds('slot'))) {
    journal.begin().delete(key)
    const { place, attempt } = decodeSlot(value)
    const queue = directory.get(place.queue)
    const task = queue === undefined ? undefined : table.find(queue, place)
    if (task === undefined || task.area === 'dead' || task.attempts + 1 !== attempt) continue
    meters.interrupted += 1
    task.interruptions += 1
    observer.tell('onInterrupted', eventOf(task))
    if (task.interruptions < parts.maxInterruptions) {
      table.rewrite(journal.begin(), task)
      continue
    }
    const message = `its run was cut off by the end of the process ${task.interruptions} times`
    task.failure = { name: 'Interrupted', message, at: task.at }
    settlement.bury(parts.partitionOf(task.queue), task, 'interrupted')
  }
}
