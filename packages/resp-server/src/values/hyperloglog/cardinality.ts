import { REGISTERS } from './registers.ts'

const ALPHA = 0.7213475204444817
/** Register values go from 0 to one more than this. */
const Q = 64 - 14

/** Ertl's estimate ("New cardinality estimation algorithms for HyperLogLog sketches", 2017). */
export function estimateCardinality(registers: Uint8Array): number {
  const histogram = new Uint32Array(64)
  for (const value of registers) (histogram[value] as number) += 1
  let z = REGISTERS * tau((REGISTERS - (histogram[Q + 1] as number)) / REGISTERS)
  for (let at = Q; at >= 1; at -= 1) z = (z + (histogram[at] as number)) * 0.5
  z += REGISTERS * sigma((histogram[0] as number) / REGISTERS)
  return Math.round((ALPHA * REGISTERS * REGISTERS) / z)
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0
  let x = share
  let y = 1
  let z = 1 - x
  for (let before = Number.NaN; before !== z; ) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY
  let x = share
  let y = 1
  let z = x
  for (let before = Number.NaN; before !== z; ) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}
