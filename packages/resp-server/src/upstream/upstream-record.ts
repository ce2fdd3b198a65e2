/** A place in what another server sends: what it calls its history, and bytes of it. */
export interface Offset {
  readonly id: string
  readonly bytes: number
  /** The database that commands go to from there on. */
  readonly database: number
}

/** Whom this server follows and how far it came; kept in the store, with the data it tells of. */
export interface UpstreamRecord {
  readonly host: string
  readonly port: number
  /** Absent when nothing is held that the other server could go on from. */
  readonly offset?: Offset | undefined
  /** A copy is being made: what the store holds is part of it. */
  readonly isPartial: boolean
}

export function encodeUpstream({ host, port, offset, isPartial }: UpstreamRecord): string {
  return JSON.stringify({ host, port, offset, isPartial })
}

/** Undefined for what this version did not write. */
export function decodeUpstream(text: string): UpstreamRecord | undefined {
  try {
    const record = JSON.parse(text) as UpstreamRecord
    return typeof record.host === 'string' && typeof record.port === 'number' ? record : undefined
  } catch {
    return undefined
  }
}
