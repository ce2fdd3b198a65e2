/** Keys and values, the same in each run. */
export interface Data {
  readonly keys: readonly Buffer[]
  value(i: number): Buffer
}

const VALUES = 4096
const KEY_BYTES = 16

/** Distinct keys: in order, or scattered by a multiplication that no two numbers share. */
export function makeKeys(count: number, order: 'sorted' | 'random', first = 0): Buffer[] {
  const all = Buffer.allocUnsafeSlow(count * KEY_BYTES)
  const keys: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const n = first + i
    const place = order === 'sorted' ? n : Math.imul(n + 1, 0x9e3779b1) >>> 0
    const at = i * KEY_BYTES
    all.write(String(place).padStart(KEY_BYTES, '0'), at, 'latin1')
    keys.push(all.subarray(at, at + KEY_BYTES))
  }
  return keys
}

/** Values of which half repeats and half does not: what engines that compress count on. */
export function makeValues(bytes: number): (i: number) => Buffer {
  const random = mulberry(7)
  const values = Array.from({ length: VALUES }, () => {
    const value = Buffer.alloc(bytes, 'ashlar')
    for (let i = 0; i < bytes / 2; i++) value[i] = random() * 256
    return value
  })
  return (i) => values[i % VALUES] as Buffer
}

/** A reproducible source of numbers from 0 to 1. */
export function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A copy of a key, stepping through them in another order than they were written. */
export function pick(keys: readonly Buffer[], i: number): Buffer {
  return Buffer.from(keys[(i * 7919) % keys.length] as Buffer)
}
