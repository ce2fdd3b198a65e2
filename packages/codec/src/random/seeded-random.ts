import type { Random } from './random.ts'

/**
 * A generator whose whole sequence follows from `seed`: the same on every machine, so that a failed
 * simulation can be replayed. Not for secrets. (sfc32, seeded through a 32-bit string hash.)
 *
 * @example
 * ```ts
 * const random = seededRandom(process.env['SEED'] ?? 'fixed')
 * ```
 */
export function seededRandom(seed: number | string): Random {
  const nextUint32 = sfc32(`${typeof seed}:${seed}`)
  return {
    next: () => (nextUint32() * 2 ** 21 + (nextUint32() >>> 11)) / 2 ** 53,
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i += 4) {
        const word = nextUint32()
        for (let j = 0; j < 4 && i + j < length; j++) bytes[i + j] = word >>> (8 * j)
      }
      return bytes
    },
  }
}

function sfc32(seed: string): () => number {
  let a = hash(seed, 0x9e3779b9)
  let b = hash(seed, 0x243f6a88)
  let c = hash(seed, 0xb7e15162)
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < 16; i++) next() // lets close seeds part
  return next
}

/** FNV-1a with a final avalanche (that of MurmurHash3). */
function hash(text: string, basis: number): number {
  let h = basis
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
