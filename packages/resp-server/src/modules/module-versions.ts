import type { Module } from './module.ts'

/** Names of modules and their versions. */
export type ModuleVersions = Readonly<Record<string, number>>

export const versionsOf = (modules: readonly Module[]): ModuleVersions =>
  Object.fromEntries(modules.map(({ name, version }) => [name, version]))

/**
 * What a server lacks to hold what one with the needed modules wrote; undefined when it lacks
 * nothing. A newer version reads what an older one wrote, not the other way round.
 */
export function lacking(own: ModuleVersions, needed: ModuleVersions = {}): string | undefined {
  for (const [name, version] of Object.entries(needed)) {
    const here = Object.hasOwn(own, name) ? own[name] : undefined
    if (here === undefined) return `this server lacks module '${name}' ${version} of its primary`
    if (here >= version) continue
    return `this server has module '${name}' ${here}, which is older than its primary's ${version}`
  }
  return undefined
}
