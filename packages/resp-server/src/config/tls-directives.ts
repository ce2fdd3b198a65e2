import { type Directive, integer, text, yesNo } from './directive.ts'
import type { Settings } from './settings.ts'

const PROTOCOLS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

const authClients: Directive = {
  name: 'tls-auth-clients',
  setting: 'tlsAuthClients',
  isMutable: true,
  show: (settings) => settings.tlsAuthClients,
  apply(settings, [value = '']) {
    if (value !== 'yes' && value !== 'no' && value !== 'optional') {
      return 'argument(s) must be one of the following: no, yes, optional'
    }
    settings.tlsAuthClients = value
    return undefined
  },
}

const protocols: Directive = {
  name: 'tls-protocols',
  setting: 'tlsProtocols',
  isMutable: true,
  show: (settings) => settings.tlsProtocols.join(' '),
  apply(settings, words) {
    const given = words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '')
    const names = given.map((word) =>
      PROTOCOLS.find((known) => known.toLowerCase() === word.toLowerCase()),
    )
    if (names.includes(undefined)) return `must be of ${PROTOCOLS.join(', ')}`
    settings.tlsProtocols = names as string[]
    return undefined
  },
}

/** Encrypted connections, under Redis' names. */
export const TLS_DIRECTIVES: readonly Directive[] = [
  integer('tls-port', 'tlsPort', { min: 0, max: 65_535 }),
  text('tls-cert-file', 'tlsCertFile', true),
  text('tls-key-file', 'tlsKeyFile', true),
  { ...text('tls-key-file-pass', 'tlsKeyFilePass', true), isHidden: true },
  text('tls-ca-cert-file', 'tlsCaCertFile', true),
  text('tls-ca-cert-dir', 'tlsCaCertDir', true),
  text('tls-dh-params-file', 'tlsDhParamsFile', true),
  authClients,
  protocols,
  text('tls-ciphers', 'tlsCiphers', true),
  text('tls-ciphersuites', 'tlsCiphersuites', true),
  yesNo('tls-prefer-server-ciphers', 'tlsPreferServerCiphers', true),
  yesNo('tls-replication', 'tlsReplication', true),
]

const NAMES: ReadonlySet<string | undefined> = new Set(TLS_DIRECTIVES.map(({ setting }) => setting))

export const isTlsSetting = (name: keyof Settings): boolean => NAMES.has(name)
