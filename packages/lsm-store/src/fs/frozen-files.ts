import type { FileSystem, OpenMode, StoreFile, StoreLock } from './file-system.ts'
import { isMissing, readFully } from './file-system.ts'
import { Inode, systemError } from './memory-disk.ts'

/**
 * What makes up a store. Not its lock: closing a second handle of that file would free the lock of a
 * store that this process has open.
 */
const STORE_FILES = /^(MANIFEST-[AB]|\d{8,}\.(log|table|values))$/

/** A file of the directory, or what became of it here. */
class FrozenFile {
  readonly #origin: StoreFile | undefined
  #changed: Inode | undefined

  constructor(origin: StoreFile | undefined) {
    this.#origin = origin
    if (origin === undefined) this.#changed = new Inode()
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    const changed = this.#changed
    if (changed === undefined) return this.origin.read(into, offset, length, position)
    const end = Math.min(position + length, changed.length)
    if (end <= position) return 0
    into.set(changed.bytes.subarray(position, end), offset)
    return end - position
  }

  get size(): number {
    return this.#changed?.length ?? this.origin.size()
  }

  get origin(): StoreFile {
    if (this.#origin === undefined) throw systemError('ENOENT', 'no such file')
    return this.#origin
  }

  /** From now on a copy in memory. */
  change(): Inode {
    if (this.#changed === undefined) {
      const bytes = new Uint8Array(this.origin.size())
      const length = readFully(this.origin, bytes, 0, bytes.length, 0)
      this.#changed = new Inode()
      this.#changed.write(bytes.subarray(0, length), 0)
    }
    return this.#changed
  }

  close(): void {
    this.#origin?.close()
  }
}

/** A handle. The file stays open: others read it too. */
function handleOf(file: FrozenFile): StoreFile {
  return {
    read: (into, offset, length, position) => file.read(into, offset, length, position),
    write(from, offset, length, position) {
      file.change().write(from.subarray(offset, offset + length), position)
      return length
    },
    size: () => file.size,
    truncate: (length) => file.change().truncate(length),
    sync: async () => {},
    syncNow() {},
    close() {},
  }
}

/**
 * The files of a directory as they are when its lock is taken: each is held open, so that it can be
 * read though its owner removes it. The directory is left as it is: what is written, renamed and
 * removed here is so in memory alone.
 */
export class FrozenFiles implements FileSystem {
  /** A thread would see other files. */
  readonly sharedWithThreads = false
  readonly #inner: FileSystem
  readonly #files: Map<string, FrozenFile> = new Map()
  readonly #held: FrozenFile[] = []

  constructor(inner: FileSystem) {
    this.#inner = inner
  }

  /** Takes hold of the files; nobody is kept from anything. */
  lock(directory: string): StoreLock {
    for (const name of this.#inner.list(directory)) {
      if (!STORE_FILES.test(name)) continue
      try {
        const file = new FrozenFile(this.#inner.open(`${directory}/${name}`, 'read'))
        this.#files.set(`${directory}/${name}`, file)
        this.#held.push(file)
      } catch (error) {
        // Its owner was quicker. Whether it is needed the manifest tells.
        if (!isMissing(error)) throw error
      }
    }
    return { release: () => this.#release() }
  }

  #release(): void {
    for (const file of this.#held.splice(0)) file.close()
    this.#files.clear()
  }

  open(path: string, mode: OpenMode): StoreFile {
    if (mode === 'create') this.#files.set(path, new FrozenFile(undefined))
    return handleOf(this.#find(path))
  }

  #find(path: string): FrozenFile {
    const file = this.#files.get(path)
    if (file === undefined) throw systemError('ENOENT', `no such file: ${path}`)
    return file
  }

  list(directory: string): string[] {
    const paths = [...this.#files.keys()].filter((path) => path.startsWith(`${directory}/`))
    return paths.map((path) => path.slice(directory.length + 1))
  }

  makeDirectory(): void {}
  async syncDirectory(): Promise<void> {}
  syncDirectoryNow(): void {}

  rename(from: string, to: string): void {
    this.#files.set(to, this.#find(from))
    this.#files.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.removeNow(path)
  }

  removeNow(path: string): void {
    this.#find(path)
    this.#files.delete(path)
  }
}
