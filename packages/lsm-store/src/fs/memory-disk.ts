import { type Random, seededRandom } from '@ashlar/codec'

/** Pieces in which unsynced bytes survive or vanish: what disks write whole. */
const SECTOR_BYTES = 512

export function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function grown(bytes: Uint8Array, capacity: number): Uint8Array {
  if (capacity <= bytes.length) return bytes
  const larger = new Uint8Array(Math.max(capacity, bytes.length * 2, 1024))
  larger.set(bytes)
  return larger
}

/** A file's content as the process sees it, and as the disk has it. */
export class Inode {
  bytes: Uint8Array = new Uint8Array(0)
  length = 0
  #synced: Uint8Array = new Uint8Array(0)
  #syncedLength = 0
  #dirtyStart: number = Number.POSITIVE_INFINITY
  #dirtyEnd = 0

  write(from: Uint8Array, position: number): void {
    const end = position + from.length
    this.bytes = grown(this.bytes, end)
    this.bytes.set(from, position)
    this.length = Math.max(this.length, end)
    this.#touch(position, end)
  }

  truncate(length: number): void {
    this.bytes = grown(this.bytes, length)
    if (length < this.length) this.bytes.fill(0, length, this.length)
    this.#touch(Math.min(length, this.length), Math.max(length, this.length))
    this.length = length
  }

  #touch(start: number, end: number): void {
    this.#dirtyStart = Math.min(this.#dirtyStart, start)
    this.#dirtyEnd = Math.max(this.#dirtyEnd, end)
  }

  /** Makes the first `length` bytes durable. */
  sync(length: number): void {
    const end = Math.min(this.#dirtyEnd, length)
    if (this.#dirtyStart < end) {
      this.#synced = grown(this.#synced, end)
      this.#synced.set(this.bytes.subarray(this.#dirtyStart, end), this.#dirtyStart)
    }
    this.#syncedLength = length
    this.#dirtyStart = this.#dirtyEnd > end ? Math.max(end, this.#dirtyStart) : Infinity
    if (this.#dirtyStart === Infinity) this.#dirtyEnd = 0
  }

  /** Loses what was not synced; with `random`, some sectors of it survive. */
  cut(random: Random | undefined): void {
    const before = this.bytes.slice(0, this.length)
    let length = this.#syncedLength
    if (random !== undefined && before.length > length) {
      length += Math.floor(random.next() * (before.length - length + 1))
    } else if (random !== undefined && before.length < length && random.next() < 0.5) {
      length = before.length
    }
    const after = new Uint8Array(length)
    after.set(this.#synced.subarray(0, Math.min(length, this.#syncedLength)))
    const first = Math.floor(Math.min(this.#dirtyStart, length) / SECTOR_BYTES) * SECTOR_BYTES
    for (let at = first; random !== undefined && at < length; at += SECTOR_BYTES) {
      const end = Math.min(at + SECTOR_BYTES, length, before.length)
      if (random.next() < 0.5 && at < end) after.set(before.subarray(at, end), at)
    }
    this.bytes = after
    this.length = length
    this.#dirtyStart = 0
    this.#dirtyEnd = length
    this.sync(length)
  }
}

/** One change to a directory: names added and removed together, as a journal would write it. */
interface EntryChange {
  readonly directory: string
  readonly added?: readonly [path: string, inode: Inode]
  readonly removed?: string
}

/** Files by path, and the changes of directories that a power cut may still lose. */
export class MemoryDisk {
  entries: Map<string, Inode> = new Map()
  readonly directories: Set<string> = new Set()
  readonly locks: Set<string> = new Set()
  /** Counts power cuts; a handle of an earlier epoch is dead. */
  epoch = 0
  #synced: Map<string, Inode> = new Map()
  #pending: EntryChange[] = []
  readonly #random: Random | undefined

  constructor(seed: number | undefined) {
    this.#random = seed === undefined ? undefined : seededRandom(seed)
  }

  find(path: string): Inode {
    const inode = this.entries.get(path)
    if (inode === undefined) throw systemError('ENOENT', `no such file: ${path}`)
    return inode
  }

  link(path: string): Inode {
    const inode = new Inode()
    this.entries.set(path, inode)
    this.#pending.push({ directory: parentOf(path), added: [path, inode] })
    return inode
  }

  /** A second name for a file. */
  hardLink(from: string, to: string): void {
    const inode = this.find(from)
    if (this.entries.has(to)) throw systemError('EEXIST', `file exists: ${to}`)
    this.entries.set(to, inode)
    this.#pending.push({ directory: parentOf(to), added: [to, inode] })
  }

  rename(from: string, to: string): void {
    const inode = this.find(from)
    this.entries.set(to, inode)
    this.entries.delete(from)
    this.#pending.push({ directory: parentOf(to), added: [to, inode], removed: from })
  }

  remove(path: string): void {
    this.find(path)
    this.entries.delete(path)
    this.#pending.push({ directory: parentOf(path), removed: path })
  }

  syncDirectory(directory: string): void {
    const kept: EntryChange[] = []
    for (const change of this.#pending) {
      if (change.directory === directory) this.#apply(change)
      else kept.push(change)
    }
    this.#pending = kept
  }

  #apply(change: EntryChange): void {
    if (change.removed !== undefined) this.#synced.delete(change.removed)
    if (change.added !== undefined) this.#synced.set(...change.added)
  }

  powerCut(): void {
    this.epoch += 1
    this.locks.clear()
    for (const change of this.#pending) {
      if (this.#random !== undefined && this.#random.next() < 0.5) this.#apply(change)
    }
    this.#pending = []
    this.entries = new Map(this.#synced)
    for (const inode of new Set(this.entries.values())) inode.cut(this.#random)
  }
}
