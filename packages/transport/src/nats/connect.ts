import type { Random } from '@ashlar/codec'
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node'
import { TransportError } from '../errors.ts'
import {
  type NatsCredentials,
  type NatsTlsOptions,
  type ResolvedNatsOptions,
  readCreds,
} from './nats-options.ts'
import { OLDEST_SERVER, requireServer } from './server-version.ts'

const MAX_UNANSWERED_PINGS = 2

/** A connection, and how to tell it that it is well again, which starts the backoff anew. */
export interface Dialed {
  readonly nc: NatsConnection
  readonly resetBackoff: () => void
}

/**
 * Connects. Rejects with `DISCONNECTED` when no server can be reached or none takes the
 * credentials, and with `UNSUPPORTED` when the server is too old.
 */
export async function dial(options: ResolvedNatsOptions): Promise<Dialed> {
  const backoff = new Backoff(options.reconnectMinMs, options.reconnectMaxMs, options.random)
  const authenticator = await authenticatorOf(options.credentials)
  const settings: NodeConnectionOptions = {
    servers: [...options.servers],
    ignoreClusterUpdates: !options.discoverServers,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(options.tls === undefined ? {} : { tls: tlsOf(options.tls) }),
    inboxPrefix: options.inboxPrefix,
    timeout: options.connectTimeoutMs,
    pingInterval: options.pingIntervalMs,
    maxPingOut: MAX_UNANSWERED_PINGS,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => backoff.next(),
    noAsyncTraces: true,
  }
  let nc: NatsConnection
  try {
    nc = await connect(settings)
  } catch (error) {
    throw connectFailed(error, options.servers)
  }
  try {
    requireServer(nc.info?.version ?? '0.0.0', OLDEST_SERVER, 'this driver')
  } catch (error) {
    await nc.close()
    throw error
  }
  return { nc, resetBackoff: () => backoff.reset() }
}

function tlsOf({ ca, cert, key, handshakeFirst }: NatsTlsOptions): TlsOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(handshakeFirst === undefined ? {} : { handshakeFirst }),
  }
}

async function authenticatorOf(
  credentials: NatsCredentials | undefined,
): Promise<Authenticator | undefined> {
  if (credentials === undefined) return undefined
  if ('user' in credentials) {
    return usernamePasswordAuthenticator(credentials.user, credentials.password)
  }
  if ('token' in credentials) return tokenAuthenticator(credentials.token)
  if ('nkeySeed' in credentials) {
    return nkeyAuthenticator(new TextEncoder().encode(credentials.nkeySeed))
  }
  return credsAuthenticator(await readCreds(credentials))
}

function connectFailed(error: unknown, servers: readonly string[]): TransportError {
  const names = servers.map(withoutSecrets).join(', ')
  const refused =
    error instanceof errors.AuthorizationError ||
    error instanceof errors.UserAuthenticationExpiredError
  const reason = error instanceof Error ? error.message : String(error)
  return new TransportError(
    'DISCONNECTED',
    refused
      ? `${names} did not accept the credentials: ${reason}`
      : `cannot connect to ${names}: ${reason}`,
    { cause: error },
  )
}

/** A server's address without the user and password that may stand in it. */
function withoutSecrets(server: string): string {
  return server.replace(/\/\/[^@/]*@/, '//')
}

/** Waits between attempts: doubling, with up to a half taken off at random. */
class Backoff {
  readonly #minMs: number
  readonly #maxMs: number
  readonly #random: Random
  #nextMs: number

  constructor(minMs: number, maxMs: number, random: Random) {
    this.#random = random
    this.#minMs = minMs
    this.#maxMs = maxMs
    this.#nextMs = minMs
  }

  next(): number {
    const waitMs = this.#nextMs
    this.#nextMs = Math.min(this.#maxMs, waitMs * 2)
    return Math.round(waitMs * (1 - this.#random.next() / 2))
  }

  reset(): void {
    this.#nextMs = this.#minMs
  }
}
