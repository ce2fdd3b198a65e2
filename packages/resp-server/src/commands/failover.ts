import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Replication } from '../replication/replication.ts'
import { positive } from './arguments.ts'

interface Request {
  readonly to: { readonly host: string; readonly port: string } | undefined
  readonly timeoutMs: number
}

/** FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds] */
export function failover(client: Client, args: readonly string[]): void {
  const { replication } = client.server
  if (args.length === 2 && args[1]?.toLowerCase() === 'abort') {
    if (replication?.handover.abort() !== true) throw new ReplyError('ERR No failover in progress.')
    client.reply.ok()
    return
  }
  const request = parse(args)
  if (replication?.isPrimary === false) {
    throw new ReplyError('ERR FAILOVER is not valid when server is a replica.')
  }
  if (replication === undefined || replication.followers.length === 0) {
    throw new ReplyError('ERR FAILOVER requires connected replicas.')
  }
  if (replication.handover.isUnderWay) throw new ReplyError('ERR FAILOVER already in progress.')
  replication.handover.start(targetOf(replication, request), request.timeoutMs)
  client.reply.ok()
}

function parse(args: readonly string[]): Request {
  let to: Request['to']
  let timeoutMs = 0
  for (let at = 1; at < args.length; ) {
    const word = args[at]?.toLowerCase()
    if (word === 'to' && to === undefined && at + 2 < args.length) {
      to = { host: args[at + 1] as string, port: args[at + 2] as string }
      at += 3
    } else if (word === 'timeout' && timeoutMs === 0 && at + 1 < args.length) {
      timeoutMs = positive(args[at + 1] as string, 'ERR FAILOVER timeout must be greater than 0')
      if (timeoutMs === 0) throw new ReplyError('ERR FAILOVER timeout must be greater than 0')
      at += 2
    } else if (word === 'force') {
      // a replica that lacks something would make what was acknowledged disappear
      throw new ReplyError('ERR FAILOVER with FORCE is not supported: it loses writes')
    } else throw new ReplyError('ERR syntax error')
  }
  return { to, timeoutMs }
}

/** The node named, or the one that is furthest. */
function targetOf(replication: Replication, { to }: Request): string {
  const followers = [...replication.followers].sort((a, b) => b.applied - a.applied)
  if (to === undefined) return (followers[0] as (typeof followers)[number]).node
  const named = followers.find(
    ({ address }) => address.host === to.host && String(address.port) === to.port,
  )
  if (named === undefined)
    throw new ReplyError('ERR FAILOVER target HOST and PORT is not a replica.')
  return named.node
}
