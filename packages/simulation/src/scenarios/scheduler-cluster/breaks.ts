import type { Log, Transport } from '@ashlar/transport'
import type { SimulatedTransport } from '../../network/simulated-transport.ts'
import { MAX_PARTITIONS, PARTITIONS } from './plan.ts'

/**
 * `unfenced`: owners believe in their leases for ever, and logs take what an earlier owner appends.
 * `uncopied`: what moves to a partition that is split off is never written there.
 * `clocks-apart`: clocks run further apart than leases allow for.
 */
export const SCHEDULER_CLUSTER_BREAKS = ['unfenced', 'uncopied', 'clocks-apart'] as const
export type ClusterBreak = (typeof SCHEDULER_CLUSTER_BREAKS)[number]

/** Of a message in a partition's log: kind, epoch. */
const HEAD_BYTES = 7
const TAKE_OVER = 1

/** What a broken run does to the logs that members use. */
export function wrapping(broken: ClusterBreak | undefined): { wrapLog?: (log: Log) => Log } {
  if (broken === 'unfenced') return { wrapLog: withoutCondition }
  return broken === 'uncopied' ? { wrapLog: withoutFirstOwners() } : {}
}

/** Whoever had a lease once believes in it for ever, as a process that has stood still does. */
export function trusting(transport: SimulatedTransport): SimulatedTransport {
  const lease: Transport['lease'] = async (bucket, key, options) => {
    const real = await transport.lease(bucket, key, { ...options, onLost: undefined })
    return real === undefined ? undefined : withValue(real, 'held', true)
  }
  return withValue(transport, 'lease', lease)
}

/** Appends whatever the log's last sequence is: nothing is fenced any more. */
function withoutCondition(log: Log): Log {
  const append: Log['append'] = (subject, payload) => log.append(subject, payload)
  return withValue(log, 'append', append)
}

/** Of what the first owner writes to a log that came later, the one that splits, only heads are kept. */
function withoutFirstOwners(): (log: Log) => Log {
  const first = new Map<string, string>()
  const later = new Set<string>()
  for (let n = PARTITIONS; n < MAX_PARTITIONS; n++) later.add(`default_tasks_${n}`)
  return (log) => {
    if (!later.has(log.name)) return log
    const append: Log['append'] = (subject, payload, options) => {
      const bytes = Buffer.from(payload)
      const epoch = bytes.toString('hex', 1, HEAD_BYTES)
      if (bytes[0] === TAKE_OVER && !first.has(log.name)) first.set(log.name, epoch)
      const kept = bytes[0] === TAKE_OVER || epoch !== first.get(log.name)
      return log.append(subject, kept ? payload : bytes.subarray(0, HEAD_BYTES), options)
    }
    return withValue(log, 'append', append)
  }
}

function withValue<T extends object>(thing: T, replaced: keyof T, by: unknown): T {
  return new Proxy(thing, {
    get(target, name) {
      if (name === replaced) return by
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
