import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsOptions as NodeTlsOptions, SecureContextOptions, SecureVersion } from 'node:tls'
import type { Settings } from '../config/settings.ts'

/** Options of a port for encrypted connections. Texts and bytes are PEM. */
export interface TlsOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Certificate chain of the server. */
  readonly cert: string | Uint8Array
  /** Private key of the certificate. */
  readonly key: string | Uint8Array
  /** Of an encrypted key. */
  readonly passphrase?: string
  /** Whom certificates of clients are to be signed by. */
  readonly ca?: string | Uint8Array
  /** Whether clients must show a certificate, or may. Default: `required` with `ca`, else `none`. */
  readonly clients?: 'required' | 'optional' | 'none'
  /** Default: Node's, TLS 1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** Where encrypted connections are listened for, and how. */
export interface TlsSource {
  readonly port: number
  /** Reads keys and certificates. Throws when that cannot be. */
  load(): NodeTlsOptions
}

/** As an embedding program gives it. Throws TypeError naming the field. */
export function tlsFromOptions(options: TlsOptions): TlsSource {
  const { port, cert, key, passphrase, ca, minVersion } = options
  const { clients = ca === undefined ? 'none' : 'required' } = options
  if (clients !== 'none' && ca === undefined) {
    throw new TypeError(`tls.ca: clients '${clients}' needs the certificate that signs theirs`)
  }
  const loaded: NodeTlsOptions = {
    cert: asPem(cert),
    key: asPem(key),
    ...(passphrase !== undefined && { passphrase }),
    ...(ca !== undefined && { ca: asPem(ca) }),
    ...(minVersion !== undefined && { minVersion }),
    requestCert: clients !== 'none',
    rejectUnauthorized: clients === 'required',
  }
  return { port, load: () => loaded }
}

/** As redis.conf has it; undefined without a port. */
export function tlsFromSettings(settings: Settings): TlsSource | undefined {
  if (settings.tlsPort === 0) return undefined
  return { port: settings.tlsPort, load: () => serverOptions(settings) }
}

/** Throws an error that says which directive is missing or names no readable file. */
function serverOptions(settings: Settings): NodeTlsOptions {
  const { tlsAuthClients: auth, tlsDhParamsFile } = settings
  if (settings.tlsCertFile === '') throw new Error('No tls-cert-file configured!')
  if (settings.tlsKeyFile === '') throw new Error('No tls-key-file configured!')
  const ca = authorities(settings)
  if (auth !== 'no' && ca.length === 0) {
    throw new Error('tls-auth-clients needs tls-ca-cert-file or tls-ca-cert-dir')
  }
  return {
    ...identity(settings),
    ...ciphers(settings),
    ...versions(settings.tlsProtocols),
    ...(ca.length > 0 && { ca }),
    ...(tlsDhParamsFile !== '' && { dhparam: read('tls-dh-params-file', tlsDhParamsFile) }),
    honorCipherOrder: settings.tlsPreferServerCiphers,
    requestCert: auth !== 'no',
    // optional: without one is good, with a wrong one is not; the listener sees to that
    rejectUnauthorized: auth === 'yes',
  }
}

/** For a connection to the server that this one follows, which sees the same certificate. */
export function tlsToUpstream(settings: Settings): SecureContextOptions {
  const ca = authorities(settings)
  return {
    ...(settings.tlsCertFile !== '' && identity(settings)),
    ...ciphers(settings),
    ...versions(settings.tlsProtocols),
    ...(ca.length > 0 && { ca }),
  }
}

function identity(settings: Settings): SecureContextOptions {
  const { tlsCertFile, tlsKeyFile, tlsKeyFilePass } = settings
  return {
    cert: read('tls-cert-file', tlsCertFile),
    key: read('tls-key-file', tlsKeyFile),
    ...(tlsKeyFilePass !== '' && { passphrase: tlsKeyFilePass }),
  }
}

function authorities({ tlsCaCertFile, tlsCaCertDir }: Settings): Buffer[] {
  const found: Buffer[] = []
  if (tlsCaCertFile !== '') found.push(read('tls-ca-cert-file', tlsCaCertFile))
  if (tlsCaCertDir === '') return found
  for (const entry of readdirSync(tlsCaCertDir, { withFileTypes: true })) {
    if (entry.isDirectory()) continue
    found.push(read('tls-ca-cert-dir', join(tlsCaCertDir, entry.name)))
  }
  return found
}

/** Suites of TLS 1.3 and ciphers of before stand in one list in Node. */
function ciphers({ tlsCiphers, tlsCiphersuites }: Settings): SecureContextOptions {
  const lists = [tlsCiphersuites, tlsCiphers].filter((list) => list !== '')
  return lists.length === 0 ? {} : { ciphers: lists.join(':') }
}

function versions(protocols: readonly string[]): SecureContextOptions {
  if (protocols.length === 0) return {}
  const sorted = [...protocols].sort() as SecureVersion[]
  return { minVersion: sorted[0], maxVersion: sorted.at(-1) }
}

function read(directive: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new Error(`${directive}: cannot read '${path}'`, { cause })
  }
}

const asPem = (given: string | Uint8Array): string | Buffer =>
  typeof given === 'string' ? given : Buffer.from(given)
