import type { Client } from '../clients/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ReplyError } from '../errors.ts'

/** Throws in Redis' words when this is no cluster. */
export function clusterOf({ server }: Client): Cluster {
  const cluster = server.replication?.cluster
  if (cluster === undefined) {
    throw new ReplyError('ERR This instance has cluster support disabled')
  }
  return cluster
}
