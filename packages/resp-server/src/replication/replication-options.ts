import type { Transport } from '@ashlar/transport'

/** Options of replication. Nodes of one `name` and `group` hold the same data. */
export interface ReplicationOptions {
  /** Connects the nodes; stays open when the server closes. */
  readonly transport: Transport
  /** Names what shares a bucket of the transport. Default `resp`. */
  readonly name?: string
  /** Names the nodes that hold the same data. Default `main`. */
  readonly group?: string
  /** Names this node; must stay the same over restarts and be no other's. */
  readonly node: string
  /** Where clients and other nodes' clients reach this node. Default: the first address and port listened on. */
  readonly announce?: { readonly host?: string; readonly port?: number }
  /** The groups of one `name` share Redis Cluster's slots; there is one database then. Default false. */
  readonly cluster?: boolean
  /** A primary that could not renew its lease for so long is replaced. Default 5000. */
  readonly leaseTtlMs?: number
}

export interface ResolvedReplication {
  readonly transport: Transport
  readonly name: string
  readonly group: string
  readonly node: string
  readonly announce: { readonly host?: string; readonly port?: number }
  readonly leaseTtlMs: number
  readonly cluster: boolean
}

const MIN_LEASE_TTL_MS = 100
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/

/** Throws TypeError or RangeError naming the field. */
export function resolveReplication(options: ReplicationOptions): ResolvedReplication {
  const { transport, name = 'resp', group = 'main', node, announce = {} } = options
  const { leaseTtlMs = 5000, cluster = false } = options
  for (const [field, value] of Object.entries({ name, group, node })) {
    if (typeof value === 'string' && TOKEN.test(value)) continue
    throw new TypeError(`replication.${field}: '${value}' is not of letters, digits, - and _`)
  }
  if (!Number.isFinite(leaseTtlMs) || leaseTtlMs < MIN_LEASE_TTL_MS) {
    throw new RangeError(`replication.leaseTtlMs: ${leaseTtlMs} is less than ${MIN_LEASE_TTL_MS}`)
  }
  return { transport, name, group, node, announce, leaseTtlMs, cluster }
}
