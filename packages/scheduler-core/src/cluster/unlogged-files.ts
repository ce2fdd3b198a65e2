import type { FileSystem, OpenMode, StoreFile } from '@ashlar/lsm-store'

/**
 * A file system that keeps nothing of a store's write-ahead log but the head of each file, for stores
 * that are never recovered: what they hold is a copy of something durable. Whoever opens such a store
 * again finds the tables that were flushed, and empty logs.
 */
export function unloggedFiles(fileSystem: FileSystem): FileSystem {
  return {
    sharedWithThreads: fileSystem.sharedWithThreads,
    open(path: string, mode: OpenMode): StoreFile {
      const file = fileSystem.open(path, mode)
      return mode === 'create' && path.endsWith('.log') ? new HeadOnly(file) : file
    },
    list: (directory) => fileSystem.list(directory),
    makeDirectory: (directory) => fileSystem.makeDirectory(directory),
    syncDirectory: (directory) => fileSystem.syncDirectory(directory),
    syncDirectoryNow: (directory) => fileSystem.syncDirectoryNow(directory),
    rename: (from, to) => fileSystem.rename(from, to),
    remove: (path) => fileSystem.remove(path),
    removeNow: (path) => fileSystem.removeNow(path),
    lock: (directory) => fileSystem.lock(directory),
  }
}

/** Stores what is written at the beginning, once; the rest is said to be written. */
class HeadOnly implements StoreFile {
  readonly #file: StoreFile
  #size = 0

  constructor(file: StoreFile) {
    this.#file = file
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return this.#file.read(into, offset, length, position)
  }

  write(from: Uint8Array, offset: number, length: number, position: number): number {
    const count = position === 0 ? this.#file.write(from, offset, length, position) : length
    this.#size = Math.max(this.#size, position + count)
    return count
  }

  size(): number {
    return this.#size
  }

  truncate(length: number): void {
    this.#size = Math.min(this.#size, length)
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  syncNow(): void {
    this.#file.syncNow()
  }

  close(): void {
    this.#file.close()
  }
}
