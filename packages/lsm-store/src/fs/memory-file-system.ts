import { StoreError } from '../errors.ts'
import type { FileSystem, OpenMode, StoreFile, StoreLock } from './file-system.ts'
import { type Inode, MemoryDisk, parentOf, systemError } from './memory-disk.ts'

/** @see memoryFileSystem */
export interface MemoryFileSystemOptions {
  /**
   * With a seed, a power cut keeps a random part of what was not synced: some sectors, some
   * directory entries, in any order. Without one it drops all of it.
   */
  readonly seed?: number
}

/** A {@link FileSystem} in memory that knows what a power cut would leave. */
export interface MemoryFileSystem extends FileSystem {
  /** Drops what was not synced, closes every handle and frees every lock. */
  powerCut(): void
  /** The bytes that a file holds now, for tests that look at or damage them. */
  readFile(path: string): Uint8Array
  writeFile(path: string, bytes: Uint8Array): void
  /** Every path, sorted. */
  paths(): string[]
}

class MemoryFile implements StoreFile {
  readonly #disk: MemoryDisk
  readonly #inode: Inode
  readonly #epoch: number
  #open = true

  constructor(disk: MemoryDisk, inode: Inode) {
    this.#disk = disk
    this.#inode = inode
    this.#epoch = disk.epoch
  }

  #live(): Inode {
    if (!this.#open) throw systemError('EBADF', 'file is closed')
    if (this.#epoch !== this.#disk.epoch) throw systemError('EIO', 'power was cut')
    return this.#inode
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const inode = this.#live()
    const end = Math.min(position + length, inode.length)
    if (end <= position) return 0
    into.set(inode.bytes.subarray(position, end), offset)
    return end - position
  }

  write(from: Uint8Array, offset: number, length: number, position: number): number {
    this.#live().write(from.subarray(offset, offset + length), position)
    return length
  }

  size(): number {
    return this.#live().length
  }

  truncate(length: number): void {
    this.#live().truncate(length)
  }

  async sync(): Promise<void> {
    const { length } = this.#live()
    // A real disk answers in a later turn; so do we, and only for what was written before.
    await new Promise((resolve) => setImmediate(resolve))
    const inode = this.#live()
    inode.sync(Math.min(length, inode.length))
  }

  syncNow(): void {
    const inode = this.#live()
    inode.sync(inode.length)
  }

  close(): void {
    this.#open = false
  }
}

function openFile(disk: MemoryDisk, path: string, mode: OpenMode): StoreFile {
  if (mode !== 'create') return new MemoryFile(disk, disk.find(path))
  if (!disk.directories.has(parentOf(path))) {
    throw systemError('ENOENT', `no such directory: ${parentOf(path)}`)
  }
  const inode = disk.entries.get(path) ?? disk.link(path)
  inode.truncate(0)
  return new MemoryFile(disk, inode)
}

async function syncDirectory(disk: MemoryDisk, directory: string): Promise<void> {
  const { epoch } = disk
  await new Promise((resolve) => setImmediate(resolve))
  if (epoch !== disk.epoch) throw systemError('EIO', 'power was cut')
  disk.syncDirectory(directory)
}

function lock(disk: MemoryDisk, directory: string): StoreLock {
  if (disk.locks.has(directory)) {
    throw new StoreError(
      'STORE_LOCKED',
      `${directory} is open in this process (pid ${process.pid}): a store has one writer.`,
      { path: directory },
    )
  }
  const { epoch } = disk
  disk.locks.add(directory)
  return {
    release: () => void (epoch === disk.epoch && disk.locks.delete(directory)),
  }
}

function listDirectory(disk: MemoryDisk, directory: string): string[] {
  if (!disk.directories.has(directory)) {
    throw systemError('ENOENT', `no such directory: ${directory}`)
  }
  const prefix = `${directory}/`
  return [...disk.entries.keys()]
    .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
    .map((path) => path.slice(prefix.length))
}

/**
 * A file system in memory, for tests, caches and simulations. It tells synced from unsynced data,
 * for file contents and for directory entries: `powerCut()` drops what was not synced. After a cut
 * old handles throw `EIO`; open the store anew, as after a reboot.
 *
 * @example
 * ```ts
 * const disk = memoryFileSystem({ seed: 7 })
 * const store = await Store.open('/data', { fileSystem: disk, sync: 'always' })
 * await store.put('kept', 'yes')
 * disk.powerCut()
 * const reopened = await Store.open('/data', { fileSystem: disk })
 * ```
 */
export function memoryFileSystem(options: MemoryFileSystemOptions = {}): MemoryFileSystem {
  const disk = new MemoryDisk(options.seed)
  return {
    sharedWithThreads: false,
    open: (path, mode) => openFile(disk, path, mode),
    list: (directory) => listDirectory(disk, directory),
    makeDirectory: (directory) => void disk.directories.add(directory),
    syncDirectory: (directory) => syncDirectory(disk, directory),
    syncDirectoryNow: (directory) => disk.syncDirectory(directory),
    rename: (from, to) => disk.rename(from, to),
    remove: async (path) => disk.remove(path),
    removeNow: (path) => disk.remove(path),
    link: (from, to) => disk.hardLink(from, to),
    lock: (directory) => lock(disk, directory),
    powerCut: () => disk.powerCut(),
    readFile(path) {
      const inode = disk.find(path)
      return inode.bytes.slice(0, inode.length)
    },
    writeFile(path, bytes) {
      const inode = disk.entries.get(path) ?? disk.link(path)
      inode.truncate(0)
      inode.write(bytes, 0)
      inode.sync(bytes.length)
      disk.syncDirectory(parentOf(path))
    },
    paths: () => [...disk.entries.keys()].sort(),
  }
}
