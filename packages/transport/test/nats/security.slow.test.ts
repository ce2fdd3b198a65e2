import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nats } from '@ashlar/transport/nats'
import { NatsServer } from '@ashlar/transport/testing'
import { nkeys } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

type KeyPair = ReturnType<typeof nkeys.createUser>

/** A JWT as NATS writes them: signed by an nkey. */
function sign(issuer: KeyPair, subject: string, name: string, claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const body = { iat: 1_700_000_000, iss: issuer.getPublicKey(), name, sub: subject, nats: claims }
  const jti = createHash('sha256').update(JSON.stringify(body)).digest('hex')
  const signed = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...body, jti })}`
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`
}

/** The server's configuration of one account, and a creds file of one of its users. */
function decentralised(): { readonly config: string; readonly creds: string } {
  const [operator, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ]
  const none = { subs: -1, data: -1, payload: -1 }
  const limits = { ...none, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  const accountJwt = sign(operator, account.getPublicKey(), 'app', {
    limits,
    type: 'account',
    version: 2,
  })
  const userJwt = sign(account, user.getPublicKey(), 'me', { ...none, type: 'user', version: 2 })
  const operatorJwt = sign(operator, operator.getPublicKey(), 'op', {
    type: 'operator',
    version: 2,
  })
  return {
    config: [
      `operator: ${operatorJwt}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    ].join('\n'),
    creds: [
      '-----BEGIN NATS USER JWT-----',
      userJwt,
      '------END NATS USER JWT------',
      '',
      '-----BEGIN USER NKEY SEED-----',
      new TextDecoder().decode(user.getSeed()),
      '------END USER NKEY SEED------',
      '',
    ].join('\n'),
  }
}

async function assertConnects(options: Parameters<typeof nats>[0]): Promise<void> {
  await using transport = await nats(options)
  await transport.flush()
  expect(transport.state).toBe('connected')
}

describe('who may connect', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-security-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('a user with its password, and nobody with another', async () => {
    await using server = await NatsServer.start({
      config: 'authorization { user: app, password: right }',
    })
    const credentials = { user: 'app', password: 'right' }
    await assertConnects({ servers: server.url, credentials })
    const wrong = nats({ servers: server.url, credentials: { user: 'app', password: 'wrong' } })
    await expect(wrong).rejects.toMatchObject({
      code: 'DISCONNECTED',
      message: expect.stringContaining('did not accept the credentials'),
    })
    await expect(nats({ servers: server.url })).rejects.toMatchObject({ code: 'DISCONNECTED' })
  })

  test('a token', async () => {
    await using server = await NatsServer.start({ config: 'authorization { token: secret }' })
    await assertConnects({ servers: server.url, credentials: { token: 'secret' } })
  })

  test('an nkey', async () => {
    const user = nkeys.createUser()
    await using server = await NatsServer.start({
      config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
    })
    const nkeySeed = new TextDecoder().decode(user.getSeed())
    await assertConnects({ servers: server.url, credentials: { nkeySeed } })
  })

  test('a creds file, by its path and by its contents', async () => {
    const { config, creds } = decentralised()
    await using server = await NatsServer.start({ jetStream: false, config })
    const credsFile = join(folder, 'app.creds')
    writeFileSync(credsFile, creds)
    await assertConnects({ servers: server.url, credentials: { credsFile } })
    await assertConnects({ servers: server.url, credentials: { creds } })
  })

  test('a refused error names the server without its secrets', async () => {
    const refused = nats({ servers: 'nats://app:secret@127.0.0.1:1' })
    await expect(refused).rejects.toMatchObject({ code: 'DISCONNECTED' })
    await refused.catch((error: Error) => expect(error.message).not.toContain('secret'))
  })

  test('what a user may not do is reported, and ends the subscription', async () => {
    const permissions = '{ publish: ["open.>", "_INBOX.>"], subscribe: ["open.>", "_INBOX.>"] }'
    await using server = await NatsServer.start({
      config: `authorization { users: [{ user: a, password: b, permissions: ${permissions} }] }`,
    })
    const { promise, resolve } = Promise.withResolvers<Error>()
    await using transport = await nats({
      servers: server.url,
      credentials: { user: 'a', password: 'b' },
      events: { onError: resolve },
    })
    const messages = transport.subscribe('closed.a')[Symbol.asyncIterator]()
    expect((await promise).message).toMatch(/permission/i)
    expect((await messages.next()).done).toBe(true)
  })
})

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-tls-'))
  const path = (name: string): string => join(folder, name)
  beforeAll(() => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    execFileSync(
      'openssl',
      ['req', '-x509', ...key, ...subject, '-keyout', path('key.pem'), '-out', path('cert.pem')],
      { stdio: 'ignore' },
    )
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const tlsConfig = (): string => `cert_file: "${path('cert.pem')}", key_file: "${path('key.pem')}"`

  test('an authority of our own is trusted, others are not', async () => {
    await using server = await NatsServer.start({ config: `tls { ${tlsConfig()} }` })
    const ca = readFileSync(path('cert.pem'), 'utf8')
    await assertConnects({ servers: server.url, tls: { ca } })
    await expect(nats({ servers: server.url, tls: true })).rejects.toMatchObject({
      code: 'DISCONNECTED',
    })
  })

  test('a server that verifies clients gets their certificate', async () => {
    const verify = `ca_file: "${path('cert.pem')}", verify: true`
    await using server = await NatsServer.start({ config: `tls { ${tlsConfig()}, ${verify} }` })
    const pem = readFileSync(path('cert.pem'), 'utf8')
    const key = readFileSync(path('key.pem'), 'utf8')
    await assertConnects({ servers: server.url, tls: { ca: pem, cert: pem, key } })
    const without = { servers: server.url, tls: { ca: pem }, connectTimeoutMs: 500 }
    await expect(nats(without)).rejects.toMatchObject({
      code: 'DISCONNECTED',
    })
  })

  test('TLS is never given up where it was asked for', async () => {
    await using server = await NatsServer.start()
    await expect(nats({ servers: server.url, tls: true })).rejects.toMatchObject({
      code: 'DISCONNECTED',
    })
  })
})

describe('what a server cannot do', () => {
  test('is refused by name where the server would ignore it', async () => {
    await using server = await NatsServer.start()
    await using transport = await nats({ servers: server.url, streams: { compression: 's2' } })
    const created = transport.log('l', { subjects: ['l'] })
    if (transport.supports.serverVersion?.startsWith('2.9.')) {
      await expect(created).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('2.10.0'),
      })
      await expect(transport.log('l')).rejects.toMatchObject({ code: 'LOG_MISSING' })
    } else {
      await created
    }
  })

  test('without JetStream there are messages, and logs are UNSUPPORTED', async () => {
    await using server = await NatsServer.start({ jetStream: false })
    await using transport = await nats({ servers: server.url })
    await expect(transport.log('l', { subjects: ['l'] })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    await expect(transport.request('nobody', new Uint8Array())).rejects.toMatchObject({
      code: 'NO_RESPONDERS',
    })
  })

  test('more copies than servers are refused', async () => {
    await using server = await NatsServer.start()
    await using transport = await nats({ servers: server.url, streams: { replicas: 3 } })
    await expect(transport.kv('b')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})
