import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { freePort } from '@ashlar/transport/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createServer } from '../src/index.ts'
import type { RespServer } from '../src/server/resp-server.ts'
import { type Certificate, certificate } from './support/certificates.ts'
import { runCli, ServerProcess } from './support/server-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const run = promisify(execFile)
const folder = temporaryFolder()
let own: Certificate
let other: Certificate

beforeAll(() => {
  own = certificate(folder.path, 'own')
  other = certificate(folder.path, 'other')
})
afterAll(() => folder[Symbol.dispose]())

async function serve(
  options: Partial<Parameters<typeof createServer>[0]> = {},
): Promise<RespServer> {
  const server = await createServer({ tls: { port: 0, ...own }, ...options })
  onTestFinished(() => server.close())
  return server
}

const open = (server: RespServer, options: ConnectionOptions = {}): TLSSocket => {
  const socket = connect({
    host: '127.0.0.1',
    port: server.address.tlsPort as number,
    ca: own.cert,
    ...options,
  })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

/** What one inline request is answered; undefined when the server closes instead. */
async function ask(socket: TLSSocket, request: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  socket.once('data', (chunk) => resolve(String(chunk)))
  socket.once('close', () => resolve(undefined))
  socket.write(`${request}\r\n`)
  return await promise
}

test('requests and replies of any size are encrypted both ways', async () => {
  const server = await serve({ port: 0 })
  const { tlsPort, port } = server.address
  const client = new Redis({ host: '127.0.0.1', port: tlsPort as number, tls: { ca: own.cert } })
  onTestFinished(() => client.disconnect())
  const large = 'x'.repeat(3_000_000)
  await client.set('small', 'value')
  await client.set('large', large)
  expect(await client.get('small')).toBe('value')
  expect(await client.get('large')).toBe(large)
  const many = client.pipeline()
  for (let n = 0; n < 1000; n += 1) many.incr('counter')
  expect((await many.exec())?.at(-1)).toEqual([null, 1000])
  // the port without encryption serves the same data
  const plain = new Redis({ port: port as number })
  onTestFinished(() => plain.disconnect())
  expect(await plain.get('counter')).toBe('1000')
})

test('who does not speak TLS is closed and gets no reply', async () => {
  const server = await serve()
  const socket = connectPlain(server.address.tlsPort as number)
  const received: Buffer[] = []
  socket.on('data', (chunk) => received.push(chunk))
  socket.on('error', () => {})
  socket.write('PING\r\n')
  await once(socket, 'close')
  // at most an alert of TLS
  expect(String(Buffer.concat(received))).not.toContain('PONG')
})

test('with `ca` clients need a certificate that it signs', async () => {
  const server = await serve({ tls: { port: 0, ...own, ca: own.cert } })
  expect(await ask(open(server), 'PING')).toBeUndefined()
  expect(await ask(open(server, other), 'PING')).toBeUndefined()
  expect(await ask(open(server, own), 'PING')).toBe('+PONG\r\n')
})

test('where a certificate is optional, a wrong one is refused', async () => {
  const server = await serve({ tls: { port: 0, ...own, ca: own.cert, clients: 'optional' } })
  expect(await ask(open(server), 'PING')).toBe('+PONG\r\n')
  expect(await ask(open(server, own), 'PING')).toBe('+PONG\r\n')
  expect(await ask(open(server, other), 'PING')).toBeUndefined()
})

test('connections that never end their handshake count as clients', async () => {
  const server = await serve({ maxClients: 2 })
  const silent = [0, 1].map(() => connectPlain(server.address.tlsPort as number))
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  const third = connectPlain(server.address.tlsPort as number)
  third.on('error', () => {})
  await once(third, 'close')
  for (const socket of silent) socket.destroy()
  // their places are free again
  await expect.poll(() => ask(open(server), 'PING')).toBe('+PONG\r\n')
})

test('what cannot be used is said at the start', async () => {
  const wrongKey = { port: 0, cert: own.cert, key: other.key }
  await expect(createServer({ tls: wrongKey })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  const optional = { port: 0, cert: own.cert, key: own.key, clients: 'required' } as const
  await expect(createServer({ tls: optional })).rejects.toThrow('tls.ca')
  const port = String(await freePort())
  const { code, stderr } = await runCli('--port', '0', '--tls-port', port, '--dir', folder.path)
  expect(code).toBe(1)
  expect(stderr).toContain('No tls-cert-file configured!')
})

test('redis-cli by the names of redis.conf, and new certificates while it runs', async () => {
  const port = String(await freePort())
  const files = ['--tls-cert-file', own.certFile, '--tls-key-file', own.keyFile]
  const server = await ServerProcess.start(
    ...['--port', '0', '--tls-port', port, '--dir', folder.path, '--tls-auth-clients', 'no'],
    ...files,
  )
  const cli = async (ca: Certificate, ...args: string[]): Promise<string> => {
    const tls = ['--tls', '--cacert', ca.certFile]
    return (await run('redis-cli', ['-p', port, ...tls, ...args])).stdout.trim()
  }
  expect(await cli(own, 'set', 'k', 'v')).toBe('OK')
  expect(await cli(own, 'config', 'get', 'tls-auth-clients')).toBe('tls-auth-clients\nno')
  const mismatch = await cli(own, 'config', 'set', 'tls-key-file', other.keyFile)
  expect(mismatch).toContain('Unable to update TLS configuration')
  const both = ['tls-key-file', other.keyFile, 'tls-cert-file', other.certFile]
  expect(await cli(own, 'config', 'set', ...both)).toBe('OK')
  await expect(cli(own, 'get', 'k')).rejects.toThrow('certificate verify failed')
  expect(await cli(other, 'get', 'k')).toBe('v')
  expect(await server.stop('SIGTERM')).toBe(0)
})

test('encrypted connections begin and end while the server runs', async () => {
  const server = await createServer({ port: 0 })
  onTestFinished(() => server.close())
  const port = await freePort()
  const config = (...words: string[]): Promise<unknown> =>
    server.execute(['CONFIG', 'SET', ...words])
  // without keys, and with a port that another takes
  await expect(config('tls-port', String(port))).rejects.toThrow('Unable to update TLS')
  const keys = ['tls-cert-file', own.certFile, 'tls-key-file', own.keyFile]
  const taken = String(server.address.port)
  await expect(config('tls-auth-clients', 'no', ...keys, 'tls-port', taken)).rejects.toThrow(
    "'tls-port') - Unable to listen on this port",
  )
  expect(server.address.tlsPort).toBeUndefined()
  await config('tls-auth-clients', 'no', ...keys, 'tls-port', String(port))
  expect(server.address.tlsPort).toBe(port)
  const socket = open(server)
  expect(await ask(socket, 'PING')).toBe('+PONG\r\n')
  // new keys reach it too
  await config('tls-cert-file', other.certFile, 'tls-key-file', other.keyFile)
  expect(await ask(open(server), 'PING')).toBeUndefined()
  expect(await ask(open(server, { ca: other.cert }), 'PING')).toBe('+PONG\r\n')
  await config('tls-port', '0')
  expect(server.address.tlsPort).toBeUndefined()
  expect(await ask(socket, 'PING')).toBe('+PONG\r\n')
})
