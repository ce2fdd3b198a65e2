import type { FileSystem } from '../fs/file-system.ts'
import { ValueFiles } from '../value-files/value-files.ts'
import { Block } from './block.ts'
import type { BlockCache } from './block-cache.ts'
import { PartitionPool } from './partition-pool.ts'

/** Blocks that go by: larger ones get memory of their own. */
const SCRATCH_BYTES = 64 * 1024

/** What all tables of a store share. */
export interface TableContext {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly cache: BlockCache
  readonly pool: PartitionPool
  readonly values: ValueFiles
  /** Where gets read blocks that the cache does not take. Holds one block at a time. */
  readonly scratch: Uint8Array
  readonly block: Block
}

export function tableContext(
  fileSystem: FileSystem,
  directory: string,
  cache: BlockCache,
): TableContext {
  const scratch = new Uint8Array(SCRATCH_BYTES)
  const pool = new PartitionPool(cache)
  const values = new ValueFiles(fileSystem, directory)
  return { fileSystem, directory, cache, pool, values, scratch, block: new Block() }
}
