import { Store } from '@ashlar/lsm-store'
import type { ResolvedOptions } from './options.ts'

/** The store that the options name or hold; undefined when nothing is to be kept. */
export async function openStore(options: ResolvedOptions): Promise<Store | undefined> {
  const { store, path, clock, logger } = options
  return store ?? (path === undefined ? undefined : await Store.open(path, { clock, logger }))
}
