import type { PartitionSettings } from '../partition/parts.ts'
import type { QueueGroup } from '../storage/queue.ts'
import type { QueueSettings } from './options.ts'

/** Tasks in memory that a tenant may have, however many tenants there are. */
const MIN_LOOK_AHEAD = 32

/** The streams of a queue share the memory that its tasks may take. */
export function settingsOf(
  group: QueueGroup,
  { onFailedHead, lookAheadMs, ...queue }: QueueSettings,
): PartitionSettings {
  return {
    onFailedHead,
    lookAheadMs,
    get lookAheadTasks(): number {
      const { size } = group.streams
      if (size <= 1) return queue.lookAheadTasks
      const least = Math.min(MIN_LOOK_AHEAD, queue.lookAheadTasks)
      return Math.max(least, Math.floor(queue.lookAheadTasks / size))
    },
  }
}
