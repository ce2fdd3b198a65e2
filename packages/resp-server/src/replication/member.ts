import type { ModuleVersions } from '../modules/module-versions.ts'

/** Names a node within everything that shares a bucket; a token of a subject. */
export type NodeId = string

/** Where clients reach a node. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** A node as others are told of it. */
export interface Member {
  readonly node: NodeId
  readonly address: Address
}

/** What a primary publishes of its group, in the transport's key-value. */
export interface ShardRecord {
  /** That of the primary's lease. */
  readonly epoch: number
  /** The timeline that a successor must have come to, so that an empty node never takes over. */
  readonly basis: number
  readonly primary: Member
  /** Those that were seen within the last seconds. */
  readonly replicas: readonly Member[]
  /** What a successor must have: modules of the primary. */
  readonly modules?: ModuleVersions
  /** Who is to be the next one: FAILOVER TO. */
  readonly successor?: NodeId
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** JSON, so that people can read the bucket with any tool. */
export const encodeJson = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

/** Undefined for what is no shard record. */
export function decodeShard(bytes: Uint8Array): ShardRecord | undefined {
  const value = parse(bytes) as Partial<ShardRecord> | undefined
  const isValid =
    typeof value?.epoch === 'number' &&
    typeof value.basis === 'number' &&
    isMember(value.primary) &&
    Array.isArray(value.replicas) &&
    value.replicas.every(isMember) &&
    areVersions(value.modules)
  return isValid ? (value as ShardRecord) : undefined
}

export function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}

const areVersions = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((version) => typeof version === 'number'))

function isMember(value: unknown): value is Member {
  const member = value as Partial<Member> | null | undefined
  return (
    typeof member?.node === 'string' &&
    typeof member.address?.host === 'string' &&
    typeof member.address.port === 'number'
  )
}
