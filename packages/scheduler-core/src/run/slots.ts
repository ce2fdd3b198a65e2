import type { Batch } from '@ashlar/lsm-store'
import type { Layout } from '../storage/layout.ts'
import { ID_BYTES, type Place, readPlace, writePlace } from '../storage/layout.ts'
import type { Permits } from './permits.ts'
import type { Run } from './run.ts'

/** What an occupied slot says: which attempt at which task began in it. */
export interface SlotMark {
  readonly place: Place
  readonly attempt: number
}

/**
 * The scheduler's places to run in. Each start is stored under the number of its slot before the
 * handler is called, over what was there: so after a crash the slots, and they alone, tell which
 * tasks were cut off, and the store never holds more marks than there are slots.
 */
export class Slots {
  readonly #layout: Layout
  readonly #free: number[] = []
  readonly #permits: Permits | undefined

  constructor(layout: Layout, count: number, permits?: Permits) {
    this.#layout = layout
    this.#permits = permits
    for (let index = count - 1; index >= 0; index--) this.#free.push(index)
  }

  get free(): number {
    return this.#permits?.free === 0 ? 0 : this.#free.length
  }

  /** A free slot; `undefined` when all are taken. */
  take(): number | undefined {
    if (this.free === 0) return undefined
    this.#permits?.take()
    return this.#free.pop()
  }

  release(slot: number): void {
    this.#free.push(slot)
    this.#permits?.release()
  }

  /** Nobody runs here any more. */
  leave(wake: () => void): void {
    this.#permits?.forget(wake)
  }

  /** Calls back when a permit that others hold may be free; `eager`: there is something to run. */
  share(wake: () => void, eager: boolean): void {
    if (eager && this.#free.length > 0) this.#permits?.await(wake)
    else this.#permits?.pass()
  }

  /** id 16 bytes, attempt u32 */
  mark(batch: Batch, run: Run): void {
    const { home, origin, seq } = run.task
    const bytes = Buffer.allocUnsafe(ID_BYTES + 4)
    writePlace(bytes, 0, home, origin, seq)
    bytes.writeUInt32BE(run.attempt, ID_BYTES)
    batch.put(this.#layout.slot(run.slot), bytes)
  }

  clear(batch: Batch, slot: number): void {
    batch.delete(this.#layout.slot(slot))
  }
}

export function decodeSlot(bytes: Uint8Array): SlotMark {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { place: readPlace(bytes, 0), attempt: view.readUInt32BE(ID_BYTES) }
}
