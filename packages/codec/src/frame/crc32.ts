import { crc32 as zlibCrc32 } from 'node:zlib'

const POLYNOMIAL = 0xedb88320
/** From here on the call into zlib pays; below, staying in JavaScript does. */
const NATIVE_BYTES_MIN = 192

/** Eight tables of 256, one after the other: entry 256k + b is the byte b followed by k zeros. */
let tables: Int32Array | undefined

/**
 * CRC-32 of `bytes[start, end)` as zlib, gzip and PNG have it (polynomial 0xedb88320 reflected),
 * unsigned. With `seed` it goes on from the CRC of what came before.
 *
 * @example
 * ```ts
 * crc32(new TextEncoder().encode('123456789')) // => 0xcbf43926
 * ```
 */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  if (end - start >= NATIVE_BYTES_MIN) {
    const whole = start === 0 && end === bytes.length
    return zlibCrc32(whole ? bytes : bytes.subarray(start, end), seed)
  }
  return ~crcRegister(bytes, start, end, ~seed) >>> 0
}

/** The bare shift register: what {@link crc32} is without inverting at both ends. */
export function crcRegister(
  bytes: Uint8Array,
  start: number,
  end: number,
  register: number,
): number {
  tables ??= createTables()
  const table = tables
  let crc = register
  let i = start
  // Eight bytes a step ("slicing by 8", Kounavis and Berry): their look-ups do not wait for each
  // other.
  for (const wide = end - 7; i < wide; i += 8) {
    crc =
      at(table, 0x700 | ((crc ^ byte(bytes, i)) & 0xff)) ^
      at(table, 0x600 | (((crc >>> 8) ^ byte(bytes, i + 1)) & 0xff)) ^
      at(table, 0x500 | (((crc >>> 16) ^ byte(bytes, i + 2)) & 0xff)) ^
      at(table, 0x400 | (((crc >>> 24) ^ byte(bytes, i + 3)) & 0xff)) ^
      at(table, 0x300 | byte(bytes, i + 4)) ^
      at(table, 0x200 | byte(bytes, i + 5)) ^
      at(table, 0x100 | byte(bytes, i + 6)) ^
      at(table, byte(bytes, i + 7))
  }
  for (; i < end; i++) crc = at(table, (crc ^ byte(bytes, i)) & 0xff) ^ (crc >>> 8)
  return crc
}

function byte(bytes: Uint8Array, i: number): number {
  return bytes[i] as number
}

function at(table: Int32Array, i: number): number {
  return table[i] as number
}

function createTables(): Int32Array {
  const table = new Int32Array(8 * 256)
  for (let value = 0; value < 256; value++) {
    let crc = value
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
    table[value] = crc
  }
  for (let i = 256; i < table.length; i++) {
    const previous = table[i - 256] as number
    table[i] = at(table, previous & 0xff) ^ (previous >>> 8)
  }
  return table
}
