import type { Payload } from './message.ts'

/** A copy in memory of its own. */
export function copyExact(payload: Payload): Payload {
  return new Uint8Array(payload)
}

/**
 * A copy that may share a slab with copies made around the same time: several times quicker for
 * small payloads, and right for what is dropped about as it came.
 */
export function copyPooled(payload: Payload): Payload {
  const copy = Buffer.allocUnsafe(payload.byteLength)
  copy.set(payload)
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength)
}
