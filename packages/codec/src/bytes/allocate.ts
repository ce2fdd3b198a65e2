import { markAsUntransferable } from 'node:worker_threads'

const SLAB_BYTES = 8192
const SLAB_SHARE_MAX = SLAB_BYTES / 4
/** Up to here V8 keeps a typed array's bytes on its own heap, which is cheaper than a slab. */
const ON_HEAP_BYTES = 64

let slab: ArrayBuffer | undefined
let used = SLAB_BYTES

/**
 * A fresh array of `length` bytes of unspecified content: the caller fills all of it. Arrays of a
 * few hundred bytes share slabs of 8 KiB, as those of `Buffer.allocUnsafe` do: allocating each on
 * its own costs five times as much.
 */
export function allocate(length: number): Uint8Array {
  if (length <= ON_HEAP_BYTES) return new Uint8Array(length)
  if (length > SLAB_SHARE_MAX) return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
  if (slab === undefined || used + length > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES)
    // A transfer to another thread would take the neighbours along.
    markAsUntransferable(slab)
    used = 0
  }
  const bytes = new Uint8Array(slab, used, length)
  used = (used + length + 7) & ~7
  return bytes
}

/** A part of `source` in a Uint8Array with a buffer of its own, also when `source` is a Buffer. */
export function ownCopyOf(source: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(end - start)
  copyInto(copy, 0, source, start, end)
  return copy
}

/** A copy of a part of `source`, in an array of its own that may share its buffer with others. */
export function copyOf(source: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start
  if (length <= ON_HEAP_BYTES) return source.slice(start, end)
  const copy = allocate(length)
  copyInto(copy, 0, source, start, end)
  return copy
}

/** Copies `source[start, end)` to `target` at `at`. */
export function copyInto(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > ON_HEAP_BYTES) {
    target.set(source.subarray(start, end), at)
    return
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number
}
