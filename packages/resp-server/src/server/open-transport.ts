import type { Transport } from '@ashlar/transport'
import { RespServerError } from '../errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Connects to NATS; secrets come from the environment, as for ashlar-transport. */
export async function openTransport(url: string, env: Environment): Promise<Transport> {
  if (!/^(?:nats|tls):\/\//.test(url)) {
    throw new RespServerError(
      'CONFIG_INVALID',
      `replication-transport must be nats://..., not ${url}`,
    )
  }
  const { nats } = await import('@ashlar/transport/nats')
  const { NATS_USER: user, NATS_PASSWORD: password, NATS_TOKEN: token } = env
  const { NATS_NKEY: nkeySeed, NATS_CREDS: credsFile } = env
  return await nats({
    servers: url.split(','),
    name: 'ashlar-resp',
    ...(user !== undefined && { credentials: { user, password: password ?? '' } }),
    ...(user === undefined && token !== undefined && { credentials: { token } }),
    ...(nkeySeed !== undefined && { credentials: { nkeySeed } }),
    ...(credsFile !== undefined && { credentials: { credsFile } }),
  })
}
