/**
 * One open file. Reads and writes are synchronous and positional: the page cache answers in a
 * microsecond, a thread pool in thirty. Only waiting for the disk is asynchronous.
 */
export interface StoreFile {
  /** Reads up to `length` bytes at `position` into `into[offset..]`; returns how many there were. */
  read(into: Uint8Array, offset: number, length: number, position: number): number
  /** Writes up to `length` bytes of `from[offset..]` at `position`; may be short, then call again. */
  write(from: Uint8Array, offset: number, length: number, position: number): number
  size(): number
  truncate(length: number): void
  /** Resolves when all bytes written before the call survive a power cut. */
  sync(): Promise<void>
  /** As {@link StoreFile.sync}, blocking. */
  syncNow(): void
  /** Harmless when it is closed already. */
  close(): void
}

/** How a file is opened: must exist, or made anew and empty. `write` modes can also read. */
export type OpenMode = 'read' | 'write' | 'create'

/** A held single-writer lock. */
export interface StoreLock {
  release(): void
}

/**
 * Where a store keeps its bytes. Implement it to put a store elsewhere; the exported
 * implementations are {@link nodeFileSystem} and {@link memoryFileSystem}.
 *
 * Failures are thrown as they come, with a `code` such as `ENOENT`, `EIO` or `ENOSPC`.
 */
export interface FileSystem {
  /** True when a worker thread that opens the same paths with `nodeFileSystem()` sees the same files. */
  readonly sharedWithThreads: boolean
  open(path: string, mode: OpenMode): StoreFile
  /** Names in a directory, in any order. */
  list(directory: string): string[]
  /** Makes the directory and its parents; fine when it is there. */
  makeDirectory(directory: string): void
  /** Resolves when new, renamed and removed entries of the directory survive a power cut. */
  syncDirectory(directory: string): Promise<void>
  /** As {@link FileSystem.syncDirectory}, blocking. */
  syncDirectoryNow(directory: string): void
  /** Puts a file in the place of another, which may be there, in one step. */
  rename(from: string, to: string): void
  /** Removes a file. Handles that are open go on reading it. */
  remove(path: string): Promise<void>
  /** As {@link FileSystem.remove}, blocking. */
  removeNow(path: string): void
  /**
   * Gives a file a second name, so that it takes no more space; absent where that cannot be done.
   * May throw, as between devices: then the file is copied.
   */
  link?(from: string, to: string): void
  /** Takes the single-writer lock of a directory, or throws `STORE_LOCKED` naming the holder. */
  lock(directory: string): StoreLock
}

/** True when the error says that a file or directory is not there. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ENOENT'
}

/** Writes the whole range, going on after short writes. */
export function writeFully(
  file: StoreFile,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number,
): void {
  let done = start
  while (done < end) {
    const count = file.write(bytes, done, end - done, position + done - start)
    if (count <= 0) throw Object.assign(new Error('write made no progress'), { code: 'EIO' })
    done += count
  }
}

/** Reads until `length` bytes or the end of the file; returns the count. */
export function readFully(
  file: StoreFile,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  let done = 0
  while (done < length) {
    const count = file.read(into, offset + done, length - done, position + done)
    if (count <= 0) break
    done += count
  }
  return done
}

/** The whole content of a small file. */
export function readWholeFile(fileSystem: FileSystem, path: string): Uint8Array {
  const file = fileSystem.open(path, 'read')
  try {
    const bytes = new Uint8Array(file.size())
    return bytes.subarray(0, readFully(file, bytes, 0, bytes.length, 0))
  } finally {
    file.close()
  }
}
