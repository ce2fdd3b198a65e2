import type { ServerContext } from '../server/context.ts'
import type { Replica } from './replica.ts'

/** INFO's line of a replica. */
export function replicaLine(server: ServerContext, replica: Replica, index: number): string {
  const { host, port, state, acknowledged } = replica
  const lag = state === 'online' ? replica.lag(server) : 0
  return `slave${index}:ip=${host},port=${port},state=${state},offset=${acknowledged},lag=${lag}`
}

/** INFO's lines of what is kept for replicas that come back. */
export function backlogLines({ downstream, settings }: ServerContext): string[] {
  const { isOn, offset, start } = downstream
  return [
    `repl_backlog_active:${isOn ? 1 : 0}`,
    `repl_backlog_size:${settings.replBacklogSize}`,
    `repl_backlog_first_byte_offset:${isOn ? start + 1 : 0}`,
    `repl_backlog_histlen:${isOn ? offset - start : 0}`,
  ]
}
