import { markAsUntransferable } from 'node:worker_threads'

const SLAB_BYTES = 8192
const LARGEST_IN_SLAB = 2048

/**
 * Copies ranges out of the store's own memory. Small copies share a slab, as Node's small Buffers
 * do: a fresh allocation each would cost several times the copy.
 */
class CopyPool {
  #slab: Uint8Array = new Uint8Array(0)
  #used = 0

  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start
    if (length > LARGEST_IN_SLAB) {
      const whole = new Uint8Array(length)
      whole.set(bytes.subarray(start, end))
      return whole
    }
    if (this.#used + length > this.#slab.length) this.#renew()
    const slab = this.#slab
    const from = this.#used
    this.#used = from + ((length + 7) & ~7)
    const copy = new Uint8Array(slab.buffer, from, length)
    if (length < 64) for (let i = 0; i < length; i++) slab[from + i] = bytes[start + i] as number
    else copy.set(bytes.subarray(start, end))
    return copy
  }

  #renew(): void {
    const buffer = new ArrayBuffer(SLAB_BYTES)
    // Transferring one result to a worker must not detach the others.
    markAsUntransferable(buffer)
    this.#slab = new Uint8Array(buffer)
    this.#used = 0
  }
}

const pool: CopyPool = new CopyPool()

/** A copy of `bytes[start..end)` that the caller owns. */
export function copyRange(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return pool.copy(bytes, start, end)
}
