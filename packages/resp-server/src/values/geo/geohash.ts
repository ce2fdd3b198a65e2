/** Positions as Redis keeps them: 52 bits, latitude and longitude interleaved, exact in a double. */

export interface Range {
  readonly min: number
  readonly max: number
}

export interface Position {
  readonly longitude: number
  readonly latitude: number
}

/** A cell of the grid with 2^step columns and rows. */
export interface Cell {
  readonly step: number
  readonly column: number
  readonly row: number
}

export interface CellBounds {
  readonly longitude: Range
  readonly latitude: Range
}

export const MAX_STEP = 26
export const LONGITUDES: Range = { min: -180, max: 180 }
/** Where the Mercator projection ends: EPSG:900913. */
export const LATITUDES: Range = { min: -85.05112878, max: 85.05112878 }
const WHOLE_LATITUDES: Range = { min: -90, max: 90 }
const HALF = 2 ** 13
/** Of the finest grid; it has as many rows. */
const COLUMNS = 2 ** MAX_STEP

const SPREAD: Uint32Array = Uint32Array.from({ length: HALF }, (_, value) => {
  let bits = 0
  for (let at = 0; at < 13; at += 1) bits |= ((value >>> at) & 1) << (at * 2)
  return bits >>> 0
})

/** The even bits of 26, gathered. */
function gather(bits: number): number {
  let value = 0
  for (let at = 0; at < 13; at += 1) value |= ((bits >>> (at * 2)) & 1) << at
  return value
}

const interleave13 = (row: number, column: number): number =>
  (SPREAD[row] as number) + (SPREAD[column] as number) * 2

const fraction = (value: number, { min, max }: Range, step: number): number =>
  Math.min(Math.floor(((value - min) / (max - min)) * 2 ** step), 2 ** 32 - 1)

export function cellAt(position: Position, step: number, latitudes: Range = LATITUDES): Cell {
  return {
    step,
    column: fraction(position.longitude, LONGITUDES, step),
    row: fraction(position.latitude, latitudes, step),
  }
}

/**
 * The bits of a cell, 2 * step of them; one more on an edge of the map, where the position itself is
 * past the last cell.
 */
export function cellBits({ row, column }: Cell): number {
  const low = interleave13(row % HALF, column % HALF)
  const high = interleave13(Math.floor(row / HALF) % HALF, Math.floor(column / HALF) % HALF)
  const edge = Math.floor(row / COLUMNS) + Math.floor(column / COLUMNS) * 2
  return edge * 2 ** 52 + (high * 2 ** 26 + low)
}

/** Scores in the cell: from (inclusive) and to (exclusive). */
export function cellScores(cell: Cell): { readonly from: number; readonly to: number } {
  const unit = 2 ** (52 - cell.step * 2)
  const bits = cellBits(cell)
  return { from: bits * unit, to: (bits + 1) * unit }
}

/** The 64 bits that Redis' machines make of a double: what is too much for them is no place of its own. */
function bitsOf(score: number): bigint {
  if (score >= 2 ** 64) return 0n
  return score < -(2 ** 63) ? 2n ** 63n : BigInt.asUintN(64, BigInt(Math.trunc(score)))
}

/** The even bits of 64, gathered. */
function gatherAll(bits: bigint): number {
  let value = 0
  for (let at = 31n; at >= 0n; at -= 1n) value = value * 2 + Number((bits >> (at * 2n)) & 1n)
  return value
}

function cellOfScore(score: number): Cell {
  // of no place, but a sorted set holds any score
  if (!(score >= 0 && score < 4 * 2 ** 52)) {
    const bits = bitsOf(score)
    return { step: MAX_STEP, row: gatherAll(bits), column: gatherAll(bits >> 1n) }
  }
  const high = Math.floor(score / 2 ** 26)
  const low = score % 2 ** 26
  const edge = Math.floor(score / 2 ** 52)
  return {
    step: MAX_STEP,
    row: (edge % 2) * COLUMNS + gather(high) * HALF + gather(low),
    column: (edge >>> 1) * COLUMNS + gather(high >>> 1) * HALF + gather(low >>> 1),
  }
}

function part(range: Range, index: number, step: number): Range {
  const scale = range.max - range.min
  return {
    min: range.min + ((index * 1) / 2 ** step) * scale,
    max: range.min + (((index + 1) * 1) / 2 ** step) * scale,
  }
}

export const cellBounds = (cell: Cell): CellBounds => ({
  longitude: part(LONGITUDES, cell.column, cell.step),
  latitude: part(LATITUDES, cell.row, cell.step),
})

const within = (value: number, { min, max }: Range): number => Math.min(max, Math.max(min, value))

/** The middle of the cell that a score stands for. */
export function positionOf(score: number): Position {
  const { longitude, latitude } = cellBounds(cellOfScore(score))
  return {
    longitude: within((longitude.min + longitude.max) / 2, LONGITUDES),
    latitude: within((latitude.min + latitude.max) / 2, LATITUDES),
  }
}

export const scoreOf = (position: Position): number => cellBits(cellAt(position, MAX_STEP))

/** The cell so many columns and rows away; the grid has no edges. */
export function neighbor(cell: Cell, columns: number, rows: number): Cell {
  const size = 2 ** cell.step
  return {
    step: cell.step,
    column: columns === 0 ? cell.column : (cell.column + columns + size) % size,
    row: rows === 0 ? cell.row : (cell.row + rows + size) % size,
  }
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'

/** The geohash that others read: eleven characters, the last always `0`. */
export function geohashText(score: number): string {
  const bits = cellBits(cellAt(positionOf(score), MAX_STEP, WHOLE_LATITUDES))
  let text = ''
  for (let at = 1; at <= 10; at += 1) text += ALPHABET[Math.floor(bits / 2 ** (52 - at * 5)) % 32]
  return `${text}0`
}
