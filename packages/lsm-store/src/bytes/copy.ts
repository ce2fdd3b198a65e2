import { markAsUntransferable } from 'node:worker_threads'

const SLAB_BYTES = 16 * 1024
/** Longer ones get memory of their own. */
export const LARGEST_IN_SLAB = 2048
/** A loop copies so many bytes faster than a call does. */
const LONGEST_LOOP = 24

/**
 * Copies ranges out of the store's own memory. Small copies share a slab, as Node's small Buffers
 * do: a fresh allocation each would cost several times the copy.
 */
class CopyPool {
  /** What stands behind `used` is free. */
  bytes: Uint8Array = new Uint8Array(0)
  buffer: ArrayBuffer = new ArrayBuffer(0)
  used = 0

  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start
    if (length > LARGEST_IN_SLAB) {
      const whole = new Uint8Array(length)
      whole.set(bytes.subarray(start, end))
      return whole
    }
    this.room(length)
    const from = this.used
    copyInto(this.bytes, from, bytes, start, end)
    this.take(length)
    return new Uint8Array(this.buffer, from, length)
  }

  /** Two ranges that follow each other. */
  copyPair(
    bytes: Uint8Array,
    start: number,
    middle: number,
    end: number,
  ): [Uint8Array, Uint8Array] {
    const length = end - start
    if (length > LARGEST_IN_SLAB) {
      return [this.copy(bytes, start, middle), this.copy(bytes, middle, end)]
    }
    this.room(length)
    const from = this.used
    copyInto(this.bytes, from, bytes, start, end)
    this.take(length)
    const { buffer } = this
    return [
      new Uint8Array(buffer, from, middle - start),
      new Uint8Array(buffer, from + middle - start, end - middle),
    ]
  }

  /** How many bytes are free behind `used`: so many at least, of at most {@link LARGEST_IN_SLAB}. */
  room(least: number): number {
    if (this.used + least > this.bytes.length) this.#renew()
    return this.bytes.length - this.used
  }

  /** The next `length` bytes are somebody's. */
  take(length: number): void {
    this.used += (length + 7) & ~7
  }

  #renew(): void {
    const { buffer } = Buffer.allocUnsafeSlow(SLAB_BYTES)
    // Transferring one result to a worker must not detach the others.
    markAsUntransferable(buffer)
    this.bytes = new Uint8Array(buffer)
    this.buffer = buffer
    this.used = 0
  }
}

/** Where results are copied to. */
export const pool: CopyPool = new CopyPool()

/** A copy of `bytes[start..end)` that the caller owns. */
export function copyRange(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return pool.copy(bytes, start, end)
}

/** Copies of `bytes[start..middle)` and `bytes[middle..end)`. */
export function copyPair(
  bytes: Uint8Array,
  start: number,
  middle: number,
  end: number,
): [Uint8Array, Uint8Array] {
  return pool.copyPair(bytes, start, middle, end)
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
