import fs from 'node:fs'
import type { FileSystem, OpenMode, StoreFile, StoreLock } from './file-system.ts'
import { lockDirectory } from './node-lock.ts'

const FLAGS: Readonly<Record<OpenMode, string>> = { read: 'r', write: 'r+', create: 'w+' }

class NodeFile implements StoreFile {
  #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return fs.readSync(this.#descriptor, into, offset, length, position)
  }

  write(from: Uint8Array, offset: number, length: number, position: number): number {
    return fs.writeSync(this.#descriptor, from, offset, length, position)
  }

  size(): number {
    return fs.fstatSync(this.#descriptor).size
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.#descriptor, length)
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => (error ? reject(error) : resolve()))
    })
  }

  syncNow(): void {
    fs.fdatasyncSync(this.#descriptor)
  }

  close(): void {
    const descriptor = this.#descriptor
    // Closed once: the number may be another file's by now.
    this.#descriptor = -1
    if (descriptor >= 0) fs.closeSync(descriptor)
  }
}

/** Windows cannot open directories, and needs no such sync. */
const SYNCS_DIRECTORIES: boolean = process.platform !== 'win32'

async function syncDirectory(directory: string): Promise<void> {
  if (!SYNCS_DIRECTORIES) return
  const handle = await fs.promises.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function syncDirectoryNow(directory: string): void {
  if (!SYNCS_DIRECTORIES) return
  const descriptor = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

const NODE_FILE_SYSTEM: FileSystem = Object.freeze({
  sharedWithThreads: true,
  open: (path: string, mode: OpenMode): StoreFile => new NodeFile(fs.openSync(path, FLAGS[mode])),
  list: (directory: string): string[] => fs.readdirSync(directory),
  makeDirectory: (directory: string): void => void fs.mkdirSync(directory, { recursive: true }),
  syncDirectory,
  syncDirectoryNow,
  rename: (from: string, to: string): void => fs.renameSync(from, to),
  remove: (path: string): Promise<void> => fs.promises.unlink(path),
  removeNow: (path: string): void => fs.unlinkSync(path),
  link: (from: string, to: string): void => fs.linkSync(from, to),
  lock: (directory: string): StoreLock => lockDirectory(directory),
})

/**
 * The real file system. The lock is a kernel lock: it goes with its process, even after `kill -9`.
 *
 * @example
 * ```ts
 * const store = await Store.open('/var/data/orders', { fileSystem: nodeFileSystem() })
 * ```
 */
export function nodeFileSystem(): FileSystem {
  return NODE_FILE_SYSTEM
}
