import { REGISTERS } from './registers.ts'

/** Six bits a register, the first in the low bits of the first byte. */
export const DENSE_BYTES: number = (REGISTERS * 6) / 8

export function readDense(bytes: Uint8Array, index: number): number {
  const bit = index * 6
  const at = bit >>> 3
  const word = (bytes[at] as number) | ((bytes[at + 1] ?? 0) << 8)
  return (word >>> (bit & 7)) & 63
}

/** Writes a register if the value is above its own; true when it was. */
export function raiseDense(bytes: Uint8Array, index: number, value: number): boolean {
  if (value <= readDense(bytes, index)) return false
  const bit = index * 6
  const at = bit >>> 3
  const shift = bit & 7
  const word = (bytes[at] as number) | ((bytes[at + 1] ?? 0) << 8)
  const changed = (word & ~(63 << shift)) | (value << shift)
  bytes[at] = changed & 0xff
  if (at + 1 < bytes.length) bytes[at + 1] = changed >>> 8
  return true
}

export function unpackDense(bytes: Uint8Array): Uint8Array {
  const registers = new Uint8Array(REGISTERS)
  for (let index = 0; index < REGISTERS; index += 1) registers[index] = readDense(bytes, index)
  return registers
}

export function packDense(registers: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(DENSE_BYTES)
  registers.forEach((value, index) => {
    if (value > 0) raiseDense(bytes, index, value)
  })
  return bytes
}
