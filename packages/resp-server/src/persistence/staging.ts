import type { Store } from '@ashlar/lsm-store'
import { type LargeString, PIECE_BYTES } from '../values/large-string.ts'
import { GARBAGE_FLAG } from './control.ts'
import { collectionKey, GARBAGE, pieceKey } from './layout.ts'

/** What one turn of the event loop writes of a large string. */
const BYTES_PER_TURN = 512 * 1024
const NOTHING: Uint8Array = new Uint8Array(0)

/** A large argument of a request, to be written before the command runs. */
export interface StageRequest {
  readonly table: number
  readonly bytes: Buffer
  /** False: the command will not run any more. */
  isWanted(): boolean
}

interface Staged extends StageRequest {
  readonly id: number
  isWhole: boolean
  /** The command has run: what the next commit does not take, nobody will. */
  isOver: boolean
}

/**
 * Writes the pieces of large strings before the command that sets them runs, some in each turn of the
 * event loop, so that others are served in between. Until the batch that makes them part of a key
 * they are marked as garbage: a crash leaves nothing but what the collector removes.
 */
export class Staging {
  readonly #store: Store
  /** By the argument, which is the memory of the value too. */
  readonly #staged = new Map<Buffer, Staged>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Nothing is marked as garbage that may yet be part of a key. */
  get isIdle(): boolean {
    return this.#staged.size === 0
  }

  /** There are pieces that nobody will take: see {@link takeUnused}. */
  get hasUnused(): boolean {
    if (this.#staged.size > 0)
      for (const one of this.#staged.values()) if (isUnused(one)) return true
    return false
  }

  has(bytes: Buffer): boolean {
    return this.#staged.has(bytes)
  }

  /** Resolves when all pieces stand under the id, or `goesOn` says no. Rejects as the store does. */
  async write(request: StageRequest, id: number, goesOn: () => boolean): Promise<void> {
    const { table, bytes } = request
    const staged = { ...request, id, isWhole: false, isOver: false }
    this.#staged.set(bytes, staged)
    const mark = collectionKey(GARBAGE, table, id)
    await this.#store.write(this.#store.batch().put(mark, NOTHING).put(GARBAGE_FLAG, NOTHING))
    let number = 0
    while (number * PIECE_BYTES < bytes.length && request.isWanted() && goesOn()) {
      const batch = this.#store.batch()
      for (let left = BYTES_PER_TURN / PIECE_BYTES; left > 0; left -= 1) {
        const start = number * PIECE_BYTES
        if (start >= bytes.length) break
        batch.put(pieceKey(table, id, number), bytes.subarray(start, start + PIECE_BYTES))
        number += 1
      }
      await this.#store.write(batch)
      await new Promise((resolve) => setImmediate(resolve))
    }
    staged.isWhole = number * PIECE_BYTES >= bytes.length
    staged.isOver = !staged.isWhole
  }

  /** The id under which the pieces of a new value stand; undefined when they were not written. */
  take(value: LargeString, table: number): number | undefined {
    const bytes = value.asGiven
    const staged = bytes === undefined ? undefined : this.#staged.get(bytes)
    if (bytes === undefined || staged?.table !== table) return undefined
    if (!staged.isWhole) return undefined
    this.#staged.delete(bytes)
    return staged.id
  }

  /** The command has run, or will not run. */
  end(bytes: Buffer): void {
    const staged = this.#staged.get(bytes)
    if (staged !== undefined) staged.isOver = true
  }

  /** What was written and nobody has taken. */
  takeUnused(): readonly Staged[] {
    const unused = [...this.#staged.values()].filter(isUnused)
    for (const { bytes } of unused) this.#staged.delete(bytes)
    return unused
  }

  /** Forgets all: the marks tell what is to be removed. */
  clear(): void {
    this.#staged.clear()
  }
}

const isUnused = (staged: Staged): boolean => staged.isOver || !staged.isWanted()
