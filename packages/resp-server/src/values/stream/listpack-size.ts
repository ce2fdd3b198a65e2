import { parseInteger } from '../numbers.ts'

/** Bytes of the length that stands behind an element, for walking backwards. */
export function backLengthBytes(length: number): number {
  if (length <= 127) return 1
  if (length < 16_383) return 2
  if (length < 2_097_151) return 3
  return length < 268_435_455 ? 4 : 5
}

function integerBytes(value: number): number {
  if (value >= 0 && value <= 127) return 1
  if (value >= -4096 && value <= 4095) return 2
  if (value >= -32_768 && value <= 32_767) return 3
  if (value >= -8_388_608 && value <= 8_388_607) return 4
  return value >= -2_147_483_648 && value <= 2_147_483_647 ? 5 : 9
}

function stringBytes(length: number): number {
  if (length < 64) return 1 + length
  return length < 4096 ? 2 + length : 5 + length
}

/** Bytes that a string takes in one of Redis' listpacks. */
export function listpackBytes(text: string): number {
  const value = text.length <= 20 ? parseInteger(text) : undefined
  const bytes = value === undefined ? stringBytes(text.length) : integerBytes(Number(value))
  return bytes + backLengthBytes(bytes)
}

/** Bytes that a number takes in one of Redis' listpacks. */
export function listpackNumberBytes(value: number): number {
  const bytes = integerBytes(value)
  return bytes + backLengthBytes(bytes)
}
