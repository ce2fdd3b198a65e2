import { readFile } from 'node:fs/promises'
import { embedded } from '../embedded/embedded.ts'
import { nats } from '../nats/nats.ts'
import type { NatsCredentials, NatsTlsOptions } from '../nats/nats-options.ts'
import type { Transport } from '../transport.ts'
import type { CliIo } from './io.ts'
import type { Command } from './parse-command.ts'
import { UsageError } from './usage.ts'

const EMBEDDED = 'embedded:'
const DEFAULT_TRANSPORT = 'nats://127.0.0.1:4222'

/** Opens what `--transport` names. */
export async function openTransport({ flags }: Command, io: CliIo): Promise<Transport> {
  const target = flags.transport ?? io.env['ASHLAR_TRANSPORT'] ?? DEFAULT_TRANSPORT
  if (target.startsWith(EMBEDDED)) {
    const path = target.slice(EMBEDDED.length)
    if (path === '') throw new UsageError('embedded: needs a folder, as in embedded:./data')
    return await embedded({ path })
  }
  if (!/^(?:nats|tls):\/\//.test(target)) {
    throw new UsageError(`--transport must be nats://... or embedded:<dir>, got ${target}`)
  }
  return await nats({
    servers: target,
    domain: flags.domain,
    credentials: credentialsOf(io.env),
    tls: await tlsOf(io.env),
    name: 'ashlar-transport',
  })
}

function credentialsOf(env: CliIo['env']): NatsCredentials | undefined {
  const { NATS_USER: user, NATS_PASSWORD: password, NATS_TOKEN: token } = env
  if (user !== undefined) return { user, password: password ?? '' }
  if (token !== undefined) return { token }
  if (env['NATS_NKEY'] !== undefined) return { nkeySeed: env['NATS_NKEY'] }
  if (env['NATS_CREDS'] !== undefined) return { credsFile: env['NATS_CREDS'] }
  return undefined
}

async function tlsOf(env: CliIo['env']): Promise<NatsTlsOptions | undefined> {
  const read = async (name: string): Promise<string | undefined> => {
    const path = env[name]
    return path === undefined ? undefined : await readFile(path, 'utf8')
  }
  const [ca, cert, key] = [await read('NATS_CA'), await read('NATS_CERT'), await read('NATS_KEY')]
  return ca === undefined && cert === undefined ? undefined : { ca, cert, key }
}
