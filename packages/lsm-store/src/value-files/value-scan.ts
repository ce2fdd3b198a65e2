import type { ValueFiles } from './value-files.ts'
import type { ValuePointer } from './value-pointer.ts'

/** Larger values are read one by one: there is little to gain. */
const LARGEST_AHEAD_BYTES = 8 * 1024
/** After so many values in a row, what stands beside the next one is read with it. */
const VALUES_BEFORE_READAHEAD = 2
const FIRST_WINDOW_BYTES = 32 * 1024
const MOST_WINDOW_BYTES = 128 * 1024
/** Between values that still count as a row: garbage may stand there. */
const MOST_GAP_BYTES = 8 * 1024
/** Files that are read side by side. */
const MOST_FILES = 8

/** Where a scan is in one file. */
interface Place {
  /** Where the value read last stands. */
  start: number
  end: number
  /** Values read one behind another, in either direction. */
  streak: number
  /** Bytes `from` to `to` of the file stand in `window`. */
  window: Uint8Array
  from: number
  to: number
}

const NOTHING = new Uint8Array(0)

/**
 * Reads values for somebody who goes through keys in order, which is the order in which a value file was written: what
 * stands one behind another comes many at a time.
 */
export class ValueScan {
  readonly #files: ValueFiles
  /** By file, the one used last at the end. */
  readonly #places: Map<number, Place> = new Map()

  constructor(files: ValueFiles) {
    this.#files = files
  }

  /** The value of a pointer. The bytes are the caller's own. */
  read(pointer: ValuePointer): Uint8Array {
    const { file, offset, stored } = pointer
    const place = this.#places.get(file) ?? this.#start(file)
    const end = offset + stored
    if (offset < place.from || end > place.to) {
      const step = stepOf(place, offset, end)
      place.streak = step === 0 ? 0 : place.streak + 1
      if (place.streak < VALUES_BEFORE_READAHEAD || stored > LARGEST_AHEAD_BYTES) {
        place.start = offset
        place.end = end
        return this.#files.read(pointer)
      }
      this.#readWindow(place, pointer, step)
    }
    place.start = offset
    place.end = end
    const isThere = offset >= place.from && end <= place.to
    // Where it is not, there is something wrong, and who reads it alone will say what.
    if (!isThere) return this.#files.read(pointer)
    this.#files.reads += 1
    return this.#files.valueIn(pointer, place.window, offset - place.from)
  }

  #start(file: number): Place {
    const [oldest] = this.#places.keys()
    if (this.#places.size >= MOST_FILES && oldest !== undefined) this.#places.delete(oldest)
    const place = { start: -1, end: -1, streak: 0, window: NOTHING, from: 0, to: 0 }
    this.#places.set(file, place)
    return place
  }

  /** Reads the value, with what stands behind it, or before it. */
  #readWindow(place: Place, pointer: ValuePointer, step: number): void {
    const { offset, stored } = pointer
    const grown = place.window.length * 2
    const size = Math.min(Math.max(grown, FIRST_WINDOW_BYTES, stored), MOST_WINDOW_BYTES)
    if (size > place.window.length) place.window = new Uint8Array(size)
    const from = step > 0 ? offset : Math.max(0, offset + stored - size)
    // Should reading fail, nothing stands here.
    place.to = place.from
    const length = this.#files.readPiece(pointer, from, place.window)
    place.from = from
    place.to = from + length
  }
}

/** 1 for a value behind the last one, -1 for one before it, 0 for one that is elsewhere. */
function stepOf({ start, end }: Place, from: number, to: number): number {
  if (end < 0) return 0
  if (from >= end && from - end <= MOST_GAP_BYTES) return 1
  return to <= start && start - to <= MOST_GAP_BYTES ? -1 : 0
}
