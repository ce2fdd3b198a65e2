import type { Batch, Store } from '@ashlar/lsm-store'
import type { Layout } from '../storage/layout.ts'

/**
 * What a partition's own log says of its part of the hashes. It holds those that leave its number when
 * they are divided by `pruned`; an owner has meant to divide them by `intended`, and may have done so.
 * Nothing is stored in a partition that was never split.
 */
export interface Share {
  readonly pruned: number
  readonly intended: number
}

/** pruned u32, intended u32 */
export function readShare(store: Store, layout: Layout): Share | undefined {
  const bytes = store.getSync(layout.single('share'))
  if (bytes === undefined) return undefined
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { pruned: view.readUInt32BE(0), intended: view.readUInt32BE(4) }
}

export function writeShare(batch: Batch, layout: Layout, { pruned, intended }: Share): void {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32BE(pruned, 0)
  bytes.writeUInt32BE(intended, 4)
  batch.put(layout.single('share'), bytes)
}
