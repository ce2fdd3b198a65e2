import type { Random } from '@ashlar/codec'
import {
  type FileSystem,
  type MemoryFileSystem,
  memoryFileSystem,
  type OpenMode,
  StoreError,
  type StoreFile,
  type StoreLock,
} from '@ashlar/lsm-store'
import { type Fault, type FileSystemCall, faultyFileSystem } from '@ashlar/lsm-store/testing'
import type { Simulation } from '../world/simulation.ts'

/** What a disk does wrong for a while. */
export interface DiskFault {
  readonly fault: Fault
  /** Calls that are hit. Default: writes and syncs. */
  readonly calls?: readonly FileSystemCall['name'][]
  /** Share of those calls. Default 1. */
  readonly share?: number
}

/** How a disk behaves. */
export interface SimulatedDiskOptions {
  /** A sync takes up to so long. Default 5. */
  readonly maxSyncMs?: number
  /** Says that it has synced these files, and has not: to prove that the checks notice. */
  readonly lies?: RegExp | undefined
}

const WRITING: readonly FileSystemCall['name'][] = ['write', 'sync', 'syncDirectory']

/**
 * The disk of one node. What is synced stays; a power cut leaves a random part of the rest, torn at
 * sectors; a killed process leaves all that it has written. Syncs take time on the true clock.
 */
export class SimulatedDisk {
  readonly #world: Simulation
  readonly #name: string
  readonly #random: Random
  readonly #files: MemoryFileSystem
  readonly #maxSyncMs: number
  readonly #lies: RegExp | undefined
  readonly #locks = new Map<string, Mount>()
  #mount: Mount | undefined
  #fault: DiskFault | undefined

  constructor(world: Simulation, name: string, options: SimulatedDiskOptions = {}) {
    this.#world = world
    this.#name = name
    this.#random = world.random(`disk/${name}`)
    this.#files = memoryFileSystem({ seed: Math.floor(this.#random.next() * 2 ** 31) })
    this.#maxSyncMs = options.maxSyncMs ?? 5
    this.#lies = options.lies
  }

  /** The file system of a new process; one at a time. */
  mount(): FileSystem {
    const mount: Mount = {
      alive: true,
      files: faultyFileSystem(this.#files, (call) => this.#faultOf(call)),
    }
    this.#mount = mount
    return this.#fileSystem(mount)
  }

  /** The process is gone; what it wrote is still there. */
  kill(): void {
    if (this.#mount !== undefined) this.#mount.alive = false
    this.#mount = undefined
    this.#locks.clear()
  }

  /** The power is gone, and with it what was not synced, in part. */
  powerCut(): void {
    this.kill()
    this.#files.powerCut()
  }

  /** Misbehaves from now on; `undefined` ends it. */
  misbehave(fault: DiskFault | undefined): void {
    this.#fault = fault
  }

  #faultOf({ name, path }: FileSystemCall): Fault | undefined {
    const fault = this.#fault
    if (fault === undefined || !(fault.calls ?? WRITING).includes(name)) return undefined
    if (this.#random.next() >= (fault.share ?? 1)) return undefined
    this.#world.note(`${this.#name} disk: ${fault.fault} at ${name} ${path}`)
    return fault.fault
  }

  #fileSystem(mount: Mount): FileSystem {
    const files = (): FileSystem => {
      if (!mount.alive) throw Object.assign(new Error('the process is gone'), { code: 'EIO' })
      return mount.files
    }
    return {
      sharedWithThreads: false,
      open: (path, mode) => this.#open(mount, files(), path, mode),
      list: (directory) => files().list(directory).sort(),
      makeDirectory: (directory) => files().makeDirectory(directory),
      syncDirectory: (directory) => this.#wait(mount, () => files().syncDirectory(directory)),
      syncDirectoryNow: (directory) => files().syncDirectoryNow(directory),
      rename: (from, to) => files().rename(from, to),
      remove: (path) => this.#wait(mount, () => files().remove(path)),
      removeNow: (path) => files().removeNow(path),
      lock: (directory) => this.#lock(mount, directory),
    }
  }

  #open(mount: Mount, files: FileSystem, path: string, mode: OpenMode): StoreFile {
    const file = files.open(path, mode)
    const lies = this.#lies?.test(path) === true
    const live = (): StoreFile => {
      if (!mount.alive) throw Object.assign(new Error('the process is gone'), { code: 'EIO' })
      return file
    }
    return {
      read: (into, offset, length, position) => live().read(into, offset, length, position),
      write: (from, offset, length, position) => live().write(from, offset, length, position),
      size: () => live().size(),
      truncate: (length) => live().truncate(length),
      sync: () => this.#wait(mount, () => (lies ? undefined : live().sync())),
      syncNow: () => {
        if (!lies) live().syncNow()
      },
      close: () => file.close(),
    }
  }

  /**
   * Takes a while before and a while after: the power may go on either side of it. The calls of a
   * process that is gone end never.
   */
  async #wait(mount: Mount, action: () => Promise<void> | undefined): Promise<void> {
    await this.#world.sleep(this.#random.next() * this.#maxSyncMs * 0.5)
    if (!mount.alive) return await never()
    try {
      await action()
    } finally {
      if (!mount.alive) await never()
    }
    await this.#world.sleep(this.#random.next() * this.#maxSyncMs * 0.5)
    if (!mount.alive) await never()
  }

  #lock(mount: Mount, directory: string): StoreLock {
    if (this.#locks.has(directory)) {
      throw new StoreError('STORE_LOCKED', `${directory} is open already`, { path: directory })
    }
    this.#locks.set(directory, mount)
    return {
      release: () => {
        if (this.#locks.get(directory) === mount) this.#locks.delete(directory)
      },
    }
  }
}

interface Mount {
  alive: boolean
  readonly files: FileSystem
}

function never(): Promise<never> {
  return new Promise(() => {})
}
