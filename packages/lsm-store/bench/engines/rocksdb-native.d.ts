// The package has no types of its own: what the benchmark uses of it.
declare module 'rocksdb-native' {
  interface WriteBatch {
    tryPut(key: Buffer, value: Buffer): void
    flush(): Promise<void>
  }
  interface ReadBatch {
    get(key: Buffer): Promise<Buffer | null>
    tryFlush(): void
  }
  interface Range {
    readonly gte?: Buffer
    readonly lte?: Buffer
    readonly reverse?: boolean
    readonly limit?: number
  }
  interface BatchOptions {
    readonly capacity: number
    readonly autoDestroy: boolean
  }
  export default class RocksDB {
    constructor(path: string)
    ready(): Promise<void>
    put(key: Buffer, value: Buffer): Promise<void>
    delete(key: Buffer): Promise<void>
    get(key: Buffer): Promise<Buffer | null>
    write(options: BatchOptions): WriteBatch
    read(options: BatchOptions): ReadBatch
    iterator(range: Range, options: { readonly capacity: number }): AsyncIterable<unknown>
    close(): Promise<void>
  }
}
