import type { Clock, Timer } from '@ashlar/codec'
import { type FileSystem, writeFully } from '../fs/file-system.ts'
import type { Health } from './health.ts'

/** Writers try a full disk again at most this often. */
const TRY_INTERVAL_MS = 100
/** Without writers it is tried again after this time, then after twice that, and so on. */
const FIRST_WATCH_MS = 500
const LAST_WATCH_MS = 8000
/** So much must fit before writing goes on: a little would be gone at once. */
const PROBE_BYTES = 256 * 1024

/** @see SpaceProbe */
export interface SpaceProbeOptions {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly directory: string
  readonly health: Health
  /** The disk was full and is not any more. */
  readonly onReturned: () => void
}

/** Finds out whether a full disk has space again: when somebody wants to write, and by itself. */
export class SpaceProbe {
  readonly #options: SpaceProbeOptions
  #nextTry = 0
  #timer: Timer | undefined

  constructor(options: SpaceProbeOptions) {
    this.#options = options
  }

  /** Space has just run out. */
  watch(): void {
    this.#nextTry = this.#options.clock.monotonic() + TRY_INTERVAL_MS
    this.#watchAfter(FIRST_WATCH_MS)
  }

  #watchAfter(delayMs: number): void {
    const { clock, health } = this.#options
    this.#timer?.cancel()
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined
      if (health.state !== 'full' || this.#try()) return
      this.#watchAfter(Math.min(delayMs * 2, LAST_WATCH_MS))
    }, delayMs)
  }

  /** For a writer that found the disk full: true when it need not be any more. */
  hasReturned(): boolean {
    const { clock } = this.#options
    if (clock.monotonic() < this.#nextTry) return false
    this.#nextTry = clock.monotonic() + TRY_INTERVAL_MS
    return this.#try()
  }

  #try(): boolean {
    if (!this.#fits()) return false
    const { health, onReturned } = this.#options
    health.spaceReturned()
    onReturned()
    return true
  }

  #fits(): boolean {
    const { fileSystem, directory } = this.#options
    // An open removes files of this kind.
    const path = `${directory}/SPACE.tmp`
    try {
      const file = fileSystem.open(path, 'create')
      try {
        writeFully(file, new Uint8Array(PROBE_BYTES), 0, PROBE_BYTES, 0)
        return true
      } finally {
        file.close()
        fileSystem.removeNow(path)
      }
    } catch {
      // Still full, or broken in another way: the write that is tried next will tell.
      return false
    }
  }

  close(): void {
    this.#timer?.cancel()
  }
}
