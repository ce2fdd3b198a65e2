/** Reads `count` entries, or those there are, from a place on. */
export interface RangeWork {
  readonly from?: Buffer
  readonly reverse?: boolean
  readonly count: number
}

/** What the rows do, in the terms of each engine. Keys and values are bytes. */
export interface Engine {
  put(key: Buffer, value: Buffer): Promise<unknown>
  /** As `put`, but resolves only when the write would survive a power cut. */
  putSynced?(key: Buffer, value: Buffer): Promise<unknown>
  remove(key: Buffer): Promise<unknown>
  /** All of them in one atomic batch. */
  write(keys: readonly Buffer[], values: readonly Buffer[]): Promise<unknown>
  getSync?(key: Buffer): Uint8Array | undefined
  get(key: Buffer): Promise<Uint8Array | null | undefined> | Uint8Array | undefined
  getMany(keys: readonly Buffer[]): Promise<readonly (Uint8Array | null | undefined)[]>
  /** Returns how many entries there were. */
  range(work: RangeWork): Promise<number>
  /** Waits until background work is done, where the engine can tell. */
  settle(): Promise<void>
  close(): Promise<void>
}

export type EngineName = 'ours' | 'ours-apart' | 'classic-level' | 'lmdb' | 'rocksdb-native'

export type OpenEngine = (path: string) => Promise<Engine>
