import type { Entry, StoreIterator } from '../iterator/store-iterator.ts'
import type { Store } from '../store/store.ts'
import { type Decode, decoderOf, type LevelData } from './format.ts'
import { LevelError, levelError } from './level-error.ts'
import { type LevelRange, storeRange } from './level-range.ts'
import type { LoopShare } from './loop-share.ts'

/** So many entries are collected at a stretch: fewer than asked for, but never a long pause. */
const ENTRIES_PER_CALL = 4096
const STEPS_PER_ENTRY = 0.25

/** Which parts of an entry are wanted. */
export interface ReaderParts {
  readonly keys: boolean
  readonly values: boolean
}

/** What the three kinds of Level iterators share: a store iterator, decoders and a place in time. */
export class RangeReader {
  readonly #iterator: StoreIterator
  readonly #share: LoopShare
  readonly #signal: AbortSignal | undefined
  readonly #mostBytes: number
  readonly #parts: ReaderParts
  readonly #decodeKey: Decode
  readonly #decodeValue: Decode

  constructor(store: Store, share: LoopShare, range: LevelRange, parts: ReaderParts) {
    try {
      this.#iterator = store.iterator(storeRange(range, !parts.values))
    } catch (error) {
      throw levelError(error)
    }
    this.#share = share
    this.#parts = parts
    this.#signal = range.signal ?? undefined
    this.#mostBytes = range.highWaterMarkBytes ?? Number.POSITIVE_INFINITY
    this.#decodeKey = decoderOf(range.keyEncoding)
    this.#decodeValue = decoderOf(range.valueEncoding)
  }

  key(entry: Entry): LevelData | undefined {
    return this.#parts.keys ? this.#decodeKey(entry[0]) : undefined
  }

  value(entry: Entry): LevelData | undefined {
    return this.#parts.values ? this.#decodeValue(entry[1]) : undefined
  }

  async next<T>(pick: (entry: Entry) => T): Promise<T | undefined> {
    const entry = this.#step()
    const item = entry === undefined ? undefined : pick(entry)
    const turn = this.#share.spend(STEPS_PER_ENTRY)
    if (turn !== undefined || this.#signal !== undefined) await this.#turn(0)
    return item
  }

  /** Up to `size` items, collected without waiting; none at the end. */
  async nextMany<T>(size: number, pick: (entry: Entry) => T): Promise<T[]> {
    const most = Math.min(size, ENTRIES_PER_CALL)
    const items =
      this.#mostBytes < Number.POSITIVE_INFINITY ? this.#upTo(most, pick) : this.#all(most, pick)
    await this.#turn(items.length)
    return items
  }

  #all<T>(most: number, pick: (entry: Entry) => T): T[] {
    if (most < 1) return []
    try {
      return this.#iterator.nextManySync(most).map(pick)
    } catch (error) {
      throw levelError(error)
    }
  }

  /** As many as have the bytes that were asked for. */
  #upTo<T>(most: number, pick: (entry: Entry) => T): T[] {
    const items: T[] = []
    let bytes = 0
    while (items.length < most && bytes < this.#mostBytes) {
      const entry = this.#step()
      if (entry === undefined) break
      bytes += entry[0].length + entry[1].length
      items.push(pick(entry))
    }
    return items
  }

  #step(): Entry | undefined {
    try {
      return this.#iterator.nextSync()
    } catch (error) {
      throw levelError(error)
    }
  }

  /** Lets the event loop turn when it is due; an abort meanwhile is heard. */
  async #turn(entries: number): Promise<void> {
    await this.#share.spend(entries * STEPS_PER_ENTRY)
    if (this.#signal?.aborted === true) throw aborted()
  }

  seek(target: LevelData): void {
    try {
      this.#iterator.seek(target)
    } catch (error) {
      throw levelError(error)
    }
  }

  close(): void {
    this.#iterator.close()
  }
}

function aborted(): LevelError {
  const error = new LevelError('LEVEL_ABORTED', 'Operation has been aborted')
  error.name = 'AbortError'
  return error
}
