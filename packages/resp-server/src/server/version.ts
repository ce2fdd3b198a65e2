import { readFileSync } from 'node:fs'

/** What clients are told: the release whose commands and replies this server follows. */
export const REDIS_VERSION = '7.4.0'

/** Version of this package. */
export function serverVersion(): string {
  // both src/server/ and dist/ lie within the package; which one runs decides the depth
  for (const up of ['../package.json', '../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'))
      const { name, version } = manifest as { name?: string; version?: string }
      if (name === '@ashlar/resp-server' && version !== undefined) return version
    } catch {
      // not at this depth
    }
  }
  return '0.0.0'
}
