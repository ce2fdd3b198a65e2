import { VALUE_FILE_HEADER_BYTES } from './value-file-format.ts'
import { valuesOf, type WithValues } from './value-ref.ts'

/** With so much of its bytes in no table any more, the rest of a value file is written anew. */
const GARBAGE_RATIO = 0.5
/** With more than this of all bytes, moving what is left goes before other work. */
const MOSTLY = 2 / 3

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

  /** So much is garbage that space matters more than speed. */
  get isMostlyGarbage(): boolean {
    return this.garbageBytes > this.bytes * MOSTLY
  }

  /** Files to move values out of, the most wasteful first, with up to `most` bytes of values; one at least. */
  wasted(most: number): Set<number> {
    const wasted = [...this.#files].filter(([, file]) => isWasted(file))
    wasted.sort(([, a], [, b]) => garbageOf(b) - garbageOf(a))
    return takeUpTo(most, wasted)
  }

  /**
   * The same, followed by files smaller than `small`: a compaction that meets their values takes these along, so that
   * they do not become many.
   */
  movable(most: number, small: number): Set<number> {
    const wasted = this.wasted(most)
    const others = [...this.#files].filter(
      ([number, { size }]) => size < small && !wasted.has(number),
    )
    const left = most - this.#liveBytes(wasted)
    return left <= 0 ? wasted : new Set([...wasted, ...takeUpTo(left, others)])
  }

  /** A table's share of the garbage in these files: what goes when it points there no more, and others do likewise. */
  wasteOf(meta: WithValues, files: ReadonlySet<number>): number {
    let waste = 0
    for (const { file, bytes } of valuesOf(meta)) {
      const used = files.has(file) ? this.#files.get(file) : undefined
      if (used !== undefined && used.liveBytes > 0)
        waste += garbageOf(used) * (bytes / used.liveBytes)
    }
    return waste
  }

  #liveBytes(numbers: Iterable<number>): number {
    let bytes = 0
    for (const number of numbers) bytes += this.#files.get(number)?.liveBytes ?? 0
    return bytes
  }
}

/** The first ones, until they have so many bytes in use. */
function takeUpTo(most: number, files: readonly (readonly [number, UsedFile])[]): Set<number> {
  const taken = new Set<number>()
  let bytes = 0
  for (const [number, { liveBytes }] of files) {
    if (taken.size > 0 && bytes + liveBytes > most) break
    bytes += liveBytes
    taken.add(number)
  }
  return taken
}

function isWasted(file: UsedFile): boolean {
  return garbageOf(file) >= file.size * GARBAGE_RATIO
}

function garbageOf({ size, liveBytes }: UsedFile): number {
  return size - VALUE_FILE_HEADER_BYTES - liveBytes
}
