import { ReplyError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import { NO_EXPIRY } from '../keyspace/value.ts'
import { dumpValue } from '../rdb/dump.ts'
import type { ServerContext } from '../server/context.ts'
import { Peer } from './peer.ts'

export interface MigrationRequest {
  readonly host: string
  readonly port: number
  readonly database: number
  readonly timeoutMs: number
  readonly keys: readonly string[]
  readonly copies: boolean
  readonly replaces: boolean
  /** Words of AUTH. */
  readonly credentials: readonly string[]
}

/**
 * MIGRATE: each key is here or at the other end, never at neither. Writes of others wait meanwhile,
 * reads find a key here until it has gone. False when there was none of the keys.
 */
export async function migrate(
  server: ServerContext,
  database: Database,
  request: MigrationRequest,
): Promise<boolean> {
  server.keyspace.refreshTime()
  if (!request.keys.some((key) => database.has(key))) return false
  const peer = await connect(server, request)
  // what expires meanwhile would be a write as well
  server.keyspace.holdsExpired = true
  server.pause.start('write', request.timeoutMs * (request.keys.length + 2))
  try {
    if (request.credentials.length > 0) expectOk(await peer.call('AUTH', ...request.credentials))
    if (request.database !== 0) expectOk(await peer.call('SELECT', String(request.database)))
    let refusal: string | undefined
    for (const key of request.keys) {
      // one that is refused stays, and the others go
      const problem = await sendKey(server, database, request, key, peer)
      refusal ??= problem
    }
    if (refusal !== undefined) throw new ReplyError(refusal)
  } catch (error) {
    throw error instanceof ReplyError ? error : ioError(error)
  } finally {
    peer.close()
    server.pause.end()
  }
  return true
}

async function connect(server: ServerContext, request: MigrationRequest): Promise<Peer> {
  try {
    return await Peer.connect(request.host, request.port, request.timeoutMs, server.clock)
  } catch (error) {
    throw ioError(error)
  }
}

/** Answers what the target had against the key, if anything. */
async function sendKey(
  server: ServerContext,
  database: Database,
  { copies, replaces }: MigrationRequest,
  key: string,
  peer: Peer,
): Promise<string | undefined> {
  const value = database.get(key)
  if (value === undefined) return undefined
  const expiry = database.expiry(key) ?? NO_EXPIRY
  const ttl = expiry === NO_EXPIRY ? 0 : Math.max(1, Math.ceil(expiry - server.clock.now()))
  const payload = dumpValue(value, server.settings)
  const words = replaces ? ['REPLACE'] : []
  const answer = await peer.call('RESTORE-ASKING', key, String(ttl), payload, ...words)
  if (!answer.startsWith('+')) return refusedBy(answer)
  if (copies) return undefined
  const refusal = server.gate?.refuseWrite()
  if (refusal !== undefined) throw new ReplyError(refusal)
  const { downstream } = server
  const before = downstream.changes
  database.remove(key)
  if (downstream.isOn) {
    downstream.cover(before)
    downstream.tell(database, ['DEL', key])
  }
  server.endOfWork()
  return undefined
}

function expectOk(line: string): void {
  if (!line.startsWith('+')) throw new ReplyError(refusedBy(line))
}

const refusedBy = (line: string): string =>
  `ERR Target instance replied with error: ${line.slice(1)}`

const ioError = (error: unknown): ReplyError =>
  new ReplyError(`IOERR error or timeout with the target instance: ${String(error)}`)
