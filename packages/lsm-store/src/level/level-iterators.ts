import {
  AbstractIterator,
  type AbstractIteratorOptions,
  AbstractKeyIterator,
  type AbstractKeyIteratorOptions,
  AbstractValueIterator,
  type AbstractValueIteratorOptions,
} from 'abstract-level'
import type { Entry } from '../iterator/store-iterator.ts'
import type { LevelData } from './format.ts'
import type { RangeReader } from './range-reader.ts'

type Pair = [LevelData | undefined, LevelData | undefined]

/** Entries of a range. Methods with an underscore are what abstract-level calls. */
export class LevelIterator<D, K, V> extends AbstractIterator<D, K, V> {
  readonly #reader: RangeReader
  readonly #pick: (entry: Entry) => Pair

  constructor(db: D, options: object, reader: RangeReader) {
    super(db, options as AbstractIteratorOptions<K, V>)
    this.#reader = reader
    this.#pick = (entry) => [reader.key(entry), reader.value(entry)]
  }

  _next(): Promise<Pair | undefined> {
    return this.#reader.next(this.#pick)
  }

  _nextv(size: number): Promise<Pair[]> {
    return this.#reader.nextMany(size, this.#pick)
  }

  _seek(target: LevelData): void {
    this.#reader.seek(target)
  }

  async _close(): Promise<void> {
    this.#reader.close()
  }
}

/** Keys of a range: values are not read. */
export class LevelKeyIterator<D, K> extends AbstractKeyIterator<D, K> {
  readonly #reader: RangeReader
  readonly #pick: (entry: Entry) => LevelData | undefined

  constructor(db: D, options: object, reader: RangeReader) {
    super(db, options as AbstractKeyIteratorOptions<K>)
    this.#reader = reader
    this.#pick = (entry) => reader.key(entry)
  }

  _next(): Promise<LevelData | undefined> {
    return this.#reader.next(this.#pick)
  }

  _nextv(size: number): Promise<(LevelData | undefined)[]> {
    return this.#reader.nextMany(size, this.#pick)
  }

  _seek(target: LevelData): void {
    this.#reader.seek(target)
  }

  async _close(): Promise<void> {
    this.#reader.close()
  }
}

/** Values of a range. */
export class LevelValueIterator<D, K, V> extends AbstractValueIterator<D, K, V> {
  readonly #reader: RangeReader
  readonly #pick: (entry: Entry) => LevelData | undefined

  constructor(db: D, options: object, reader: RangeReader) {
    super(db, options as AbstractValueIteratorOptions<K, V>)
    this.#reader = reader
    this.#pick = (entry) => reader.value(entry)
  }

  _next(): Promise<LevelData | undefined> {
    return this.#reader.next(this.#pick)
  }

  _nextv(size: number): Promise<(LevelData | undefined)[]> {
    return this.#reader.nextMany(size, this.#pick)
  }

  _seek(target: LevelData): void {
    this.#reader.seek(target)
  }

  async _close(): Promise<void> {
    this.#reader.close()
  }
}
