import { markAsUntransferable } from 'node:worker_threads'

const SLAB_BYTES = 16 * 1024
const LARGEST_IN_SLAB = 2048
/** A loop copies so many bytes faster than a call does. */
const LONGEST_LOOP = 24

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
    copyInto(slab, from, bytes, start, end)
    return slab.subarray(from, from + length)
  }

  #renew(): void {
    const { buffer } = Buffer.allocUnsafeSlow(SLAB_BYTES)
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

/** Copies a range to `into[offset..]`. */
export function copyInto(
  into: Uint8Array,
  offset: number,
  from: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > LONGEST_LOOP) into.set(from.subarray(start, end), offset)
  else for (let i = start; i < end; i++) into[offset + i - start] = from[i] as number
}
