import { VALUE_FILE_HEADER_BYTES } from './value-file-format.ts'
import { valuesOf, type WithValues } from './value-ref.ts'

/** With so much of its bytes in no table any more, the rest of a value file is written anew. */
const GARBAGE_RATIO = 0.5

/** A value file, and what tables still point to. */
interface UsedFile {
  readonly size: number
  tables: number
  liveBytes: number
}

/**
 * Which value files there are, and how much of each is in use: the sum of what the tables of now say. Nothing is
 * counted that could not be counted anew from them.
 */
export class ValueUsage {
  readonly #files: Map<number, UsedFile> = new Map()

  /** Counts tables that come and go in one step; returns the numbers of files that nothing needs any more. */
  change(added: Iterable<WithValues>, removed: Iterable<WithValues>): number[] {
    for (const meta of added) this.#add(meta)
    const unused: number[] = []
    for (const meta of removed) {
      for (const { file, bytes } of valuesOf(meta)) {
        const used = this.#files.get(file)
        if (used === undefined) continue
        used.tables -= 1
        used.liveBytes -= bytes
        if (used.tables > 0) continue
        this.#files.delete(file)
        unused.push(file)
      }
    }
    return unused
  }

  #add(meta: WithValues): void {
    for (const { file, size, bytes } of valuesOf(meta)) {
      const used = this.#files.get(file) ?? { size, tables: 0, liveBytes: 0 }
      used.tables += 1
      used.liveBytes += bytes
      this.#files.set(file, used)
    }
  }

  get count(): number {
    return this.#files.size
  }

  /** Size of all of them. */
  get bytes(): number {
    let bytes = 0
    for (const { size } of this.#files.values()) bytes += size
    return bytes
  }

  /** Bytes that no table points to. */
  get garbageBytes(): number {
    let bytes = 0
    for (const file of this.#files.values()) bytes += garbageOf(file)
    return bytes
  }

  /** Files of which so much is garbage that what is left should move. */
  wasted(): Set<number> {
    return this.#select((file) => garbageOf(file) >= file.size * GARBAGE_RATIO)
  }

  /** Those, and files below `small` bytes: what a compaction takes along, so that they do not become many. */
  movable(small: number): Set<number> {
    return this.#select((file) => file.size < small || garbageOf(file) >= file.size * GARBAGE_RATIO)
  }

  #select(wanted: (file: UsedFile) => boolean): Set<number> {
    const numbers = new Set<number>()
    for (const [number, file] of this.#files) if (wanted(file)) numbers.add(number)
    return numbers
  }
}

function garbageOf({ size, liveBytes }: UsedFile): number {
  return size - VALUE_FILE_HEADER_BYTES - liveBytes
}
