import { readFile } from 'node:fs/promises'
import type { Transport } from '@ashlar/transport'
import type { NatsCredentials, NatsTlsOptions } from '@ashlar/transport/nats'

/** How `--nats` is described; secrets are never arguments. */
export const NATS_ENVIRONMENT: string =
  'NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY, NATS_CREDS, NATS_CA, NATS_CERT, NATS_KEY'

/** The servers that `--nats` names, separated by commas, with the secrets of the environment. */
export async function openNats(urls: string, replicas?: number): Promise<Transport> {
  const servers = urls.split(',')
  for (const url of servers) {
    if (!/^(?:nats|tls):\/\/./.test(url)) {
      throw new RangeError(`--nats must be nats://... or tls://..., not ${url}`)
    }
  }
  // Loaded when it is asked for: most commands need no client of NATS.
  const { nats } = await import('@ashlar/transport/nats')
  return await nats({
    servers,
    credentials: credentialsOf(process.env),
    tls: await tlsOf(process.env),
    name: 'ashlar-scheduler',
    ...(replicas !== undefined && { streams: { replicas } }),
  })
}

function credentialsOf(env: NodeJS.ProcessEnv): NatsCredentials | undefined {
  const { NATS_USER: user, NATS_PASSWORD: password = '', NATS_TOKEN: token } = env
  if (user !== undefined) return { user, password }
  if (token !== undefined) return { token }
  const { NATS_NKEY: nkeySeed, NATS_CREDS: credsFile } = env
  if (nkeySeed !== undefined) return { nkeySeed }
  return credsFile === undefined ? undefined : { credsFile }
}

async function tlsOf(env: NodeJS.ProcessEnv): Promise<NatsTlsOptions | undefined> {
  const read = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : await readFile(path, 'utf8')
  const { NATS_CA, NATS_CERT, NATS_KEY } = env
  const [ca, cert, key] = [await read(NATS_CA), await read(NATS_CERT), await read(NATS_KEY)]
  return ca === undefined && cert === undefined ? undefined : { ca, cert, key }
}
