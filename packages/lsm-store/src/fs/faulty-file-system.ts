import type { FileSystem, OpenMode, StoreFile, StoreLock } from './file-system.ts'
import { systemError } from './memory-disk.ts'

/** One call to a file system. */
export interface FileSystemCall {
  /** Counts calls from 0. */
  readonly index: number
  readonly name:
    | 'open'
    | 'read'
    | 'write'
    | 'size'
    | 'truncate'
    | 'sync'
    | 'list'
    | 'makeDirectory'
    | 'syncDirectory'
    | 'rename'
    | 'remove'
    | 'link'
    | 'lock'
  /** File or directory. */
  readonly path: string
  /** How a file is opened. */
  readonly mode?: OpenMode
}

/**
 * What goes wrong: the code of a system error, such as `EIO` or `ENOSPC`; or `short`, a read or write
 * of half of what was asked for.
 */
export type Fault = 'short' | 'EIO' | 'ENOSPC' | 'EMFILE'

/** Decides about each call; undefined lets it pass. */
export type FaultPlan = (call: FileSystemCall) => Fault | undefined

/** A file system that fails on request. */
export interface FaultyFileSystem extends FileSystem {
  /** Calls so far. */
  readonly calls: number
}

class FaultyFile implements StoreFile {
  readonly #file: StoreFile
  readonly #ask: (name: FileSystemCall['name']) => boolean

  constructor(file: StoreFile, ask: (name: FileSystemCall['name']) => boolean) {
    this.#file = file
    this.#ask = ask
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const asked = this.#ask('read') ? Math.ceil(length / 2) : length
    return this.#file.read(into, offset, asked, position)
  }

  write(from: Uint8Array, offset: number, length: number, position: number): number {
    const asked = this.#ask('write') ? Math.ceil(length / 2) : length
    return this.#file.write(from, offset, asked, position)
  }

  size(): number {
    this.#ask('size')
    return this.#file.size()
  }

  truncate(length: number): void {
    this.#ask('truncate')
    this.#file.truncate(length)
  }

  async sync(): Promise<void> {
    this.#ask('sync')
    await this.#file.sync()
  }

  syncNow(): void {
    this.#ask('sync')
    this.#file.syncNow()
  }

  close(): void {
    this.#file.close()
  }
}

/**
 * Wraps a file system so that chosen calls fail. Closing and unlocking never do.
 *
 * @example
 * ```ts
 * // The third sync fails.
 * let syncs = 0
 * const disk = faultyFileSystem(memoryFileSystem(), (call) =>
 *   call.name === 'sync' && ++syncs === 3 ? 'EIO' : undefined,
 * )
 * ```
 */
export function faultyFileSystem(inner: FileSystem, plan: FaultPlan): FaultyFileSystem {
  let calls = 0
  /** Throws when the call shall fail; true when it shall be short. */
  const ask = (name: FileSystemCall['name'], path: string, mode?: OpenMode): boolean => {
    const fault = plan({ index: calls++, name, path, ...(mode === undefined ? {} : { mode }) })
    if (fault === undefined || fault === 'short') return fault === 'short'
    throw systemError(fault, `${name} ${path}`)
  }
  return {
    get calls() {
      return calls
    },
    // Faults are decided in this thread.
    sharedWithThreads: false,
    open(path: string, mode: OpenMode): StoreFile {
      ask('open', path, mode)
      return new FaultyFile(inner.open(path, mode), (name) => ask(name, path))
    },
    list(directory: string): string[] {
      ask('list', directory)
      return inner.list(directory)
    },
    makeDirectory(directory: string): void {
      ask('makeDirectory', directory)
      inner.makeDirectory(directory)
    },
    async syncDirectory(directory: string): Promise<void> {
      ask('syncDirectory', directory)
      await inner.syncDirectory(directory)
    },
    syncDirectoryNow(directory: string): void {
      ask('syncDirectory', directory)
      inner.syncDirectoryNow(directory)
    },
    rename(from: string, to: string): void {
      ask('rename', from)
      inner.rename(from, to)
    },
    async remove(path: string): Promise<void> {
      ask('remove', path)
      await inner.remove(path)
    },
    removeNow(path: string): void {
      ask('remove', path)
      inner.removeNow(path)
    },
    link(from: string, to: string): void {
      ask('link', from)
      if (inner.link === undefined) throw systemError('ENOTSUP', 'no hard links')
      inner.link(from, to)
    },
    lock(directory: string): StoreLock {
      ask('lock', directory)
      return inner.lock(directory)
    },
  }
}
