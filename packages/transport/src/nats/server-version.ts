import { TransportError } from '../errors.ts'

/** The oldest server that has everything the driver builds on. */
export const OLDEST_SERVER = '2.9.0'

/** True when the server's version is this one or newer; a pre-release counts as its release. */
export function isAtLeast(version: string, wanted: string): boolean {
  const has = numbers(version)
  const needs = numbers(wanted)
  for (let index = 0; index < 3; index += 1) {
    const difference = (has[index] ?? 0) - (needs[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

/** Throws `UNSUPPORTED` for what an older server would refuse, or ignore without a word. */
export function requireServer(version: string, wanted: string, feature: string): void {
  if (isAtLeast(version, wanted)) return
  throw new TransportError(
    'UNSUPPORTED',
    `${feature} needs nats-server ${wanted} or newer, this one is ${version} and would ignore it`,
  )
}

function numbers(version: string): number[] {
  return (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number)
}
