import type { IndexedKeys } from './indexed-keys.ts'
import type { TouchedElements } from './touched-elements.ts'

/** Types with elements of their own, by the names that TYPE answers. */
export type CollectionType = 'list' | 'set' | 'zset' | 'hash' | 'stream' | 'module'

/** Told by a collection, once per commit, that some of its elements changed. */
export interface ElementObserver {
  /** Answers what the collection is to note them in until the next commit. */
  elementsChanged(collection: Collection): TouchedElements
}

/**
 * A value that is stored element by element. Mutators note which elements they touched; the
 * journal writes just those, so that one HSET on a huge hash writes one record.
 */
export abstract class Collection {
  abstract readonly type: CollectionType
  abstract readonly size: number
  /** A key whose collection is empty goes; streams stay. */
  readonly vanishesWhenEmpty: boolean = true
  /** Prefix of its element records in the store; 0 until the first commit. */
  id = 0
  /** Elements changed since the last commit; undefined while there are none. */
  touched: TouchedElements | undefined
  /** Number of the table that its key belongs to. */
  tableId = -1
  /** What its table was charged for it last. */
  charged = 0
  #observer: ElementObserver | undefined

  /** From here on changes are reported; elements that are there already count as stored. */
  observe(observer: ElementObserver | undefined, tableId: number): void {
    this.#observer = observer
    this.tableId = tableId
  }

  /** Its elements by name, where they have names. */
  get elements(): IndexedKeys | undefined {
    return undefined
  }

  /** What TYPE answers: a module names its types itself. */
  get typeName(): string {
    return this.type
  }

  /** Records that it has in the store. */
  get elementCount(): number {
    return this.size
  }

  /**
   * The stored value of a touched element, where a number stands for its eight bytes as a float64; undefined
   * when it is gone. `slot` is where it stood when it was touched, or -1.
   */
  abstract encodeElement(element: string | number, slot: number): string | number | undefined
  /** The store key of a touched element, below the collection's own prefix. */
  elementKey(element: string | number): string {
    return element as string
  }

  /** Puts back an element as it was stored. Order of calls = byte order of element keys. */
  abstract restoreElement(elementKey: string, value: string): void
  /** A copy that belongs to no key yet. */
  abstract clone(): Collection
  /** Reports every element as changed: the collection gets a new home in the store. */
  abstract touchAll(): void
  /** OBJECT ENCODING, as Redis would have chosen. */
  abstract encoding(limits: EncodingLimits): string
  abstract memoryBytes(): number

  protected touch(element: string | number): void {
    const touched = this.touched ?? this.#beginTouched()
    touched?.addAt(element, -1)
  }

  /** As {@link touch}, of an element that stands at this slot. */
  protected touchAt(name: string, slot: number): void {
    const touched = this.touched ?? this.#beginTouched()
    touched?.addAt(name, slot)
  }

  /** As {@link touch}, of the record that tells of the whole: once for each commit. */
  protected touchWhole(element: string): void {
    const touched = this.touched ?? this.#beginTouched()
    if (touched === undefined || touched.hasWhole) return
    touched.hasWhole = true
    touched.addAt(element, -1)
  }

  #beginTouched(): TouchedElements | undefined {
    this.touched = this.#observer?.elementsChanged(this)
    return this.touched
  }
}

/** The thresholds behind OBJECT ENCODING; nothing else depends on them. */
export interface EncodingLimits {
  readonly hashMaxListpackEntries: number
  readonly hashMaxListpackValue: number
  readonly setMaxIntsetEntries: number
  readonly setMaxListpackEntries: number
  readonly setMaxListpackValue: number
  readonly zsetMaxListpackEntries: number
  readonly zsetMaxListpackValue: number
  readonly listMaxListpackSize: number
}
