import {
  type Cell,
  type CellBounds,
  cellAt,
  cellBounds,
  MAX_STEP,
  neighbor,
  type Position,
} from './geohash.ts'

const EARTH_RADIUS_METERS = 6_372_797.560856
const MERCATOR_MAX_METERS = 20_037_726.37
const radians = (degrees: number): number => degrees * (Math.PI / 180)
const degrees = (angle: number): number => angle / (Math.PI / 180)

/** A circle or a box around a position, in meters. */
export type Area =
  | { readonly center: Position; readonly radius: number }
  | { readonly center: Position; readonly width: number; readonly height: number }

const latitudeDistance = (a: number, b: number): number =>
  EARTH_RADIUS_METERS * Math.abs(radians(b) - radians(a))

/** Meters between two positions, by the haversine formula. */
export function distanceBetween(a: Position, b: Position): number {
  const v = Math.sin((radians(b.longitude) - radians(a.longitude)) / 2)
  if (v === 0) return latitudeDistance(a.latitude, b.latitude)
  const first = radians(a.latitude)
  const second = radians(b.latitude)
  const u = Math.sin((second - first) / 2)
  const chord = u * u + Math.cos(first) * Math.cos(second) * v * v
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(chord))
}

/** Meters from the center, or undefined outside of the area. */
export function distanceWithin(area: Area, position: Position): number | undefined {
  const { center } = area
  if ('radius' in area) {
    const distance = distanceBetween(center, position)
    return distance > area.radius ? undefined : distance
  }
  if (latitudeDistance(position.latitude, center.latitude) > area.height / 2) return undefined
  const sameLatitude = { longitude: center.longitude, latitude: position.latitude }
  if (distanceBetween(position, sameLatitude) > area.width / 2) return undefined
  return distanceBetween(center, position)
}

const radiusOf = (area: Area): number =>
  'radius' in area ? area.radius : Math.sqrt((area.width / 2) ** 2 + (area.height / 2) ** 2)

function boundsOf(area: Area): CellBounds {
  const { longitude, latitude } = area.center
  const height = 'radius' in area ? area.radius : area.height / 2
  const width = 'radius' in area ? area.radius : area.width / 2
  const latitudes = degrees(height / EARTH_RADIUS_METERS)
  // the edge that is nearer to a pole spans more degrees
  const edge = latitude < 0 ? latitude - latitudes : latitude + latitudes
  const longitudes = degrees(width / EARTH_RADIUS_METERS / Math.cos(radians(edge)))
  return {
    longitude: { min: longitude - longitudes, max: longitude + longitudes },
    latitude: { min: latitude - latitudes, max: latitude + latitudes },
  }
}

/** The finest grid on which a cell and its neighbors cover a circle of this radius. */
function stepFor(radius: number, latitude: number): number {
  if (radius === 0) return MAX_STEP
  let step = 1
  for (let meters = radius; meters < MERCATOR_MAX_METERS; meters *= 2) step += 1
  step -= 2
  if (Math.abs(latitude) > 66) step -= 1
  if (Math.abs(latitude) > 80) step -= 1
  return Math.min(MAX_STEP, Math.max(1, step))
}

/** Center, north, south, east, west, and the corners: the order in which Redis answers them. */
const DIRECTIONS = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
] as const

/** Cells that together cover the area, in Redis' order. */
export function cellsFor(area: Area): Cell[] {
  const wanted = boundsOf(area)
  let step = stepFor(radiusOf(area), area.center.latitude)
  let center = cellAt(area.center, step)
  if (step > 1 && !reaches(center, wanted)) {
    step -= 1
    center = cellAt(area.center, step)
  }
  const own = cellBounds(center)
  const cells: Cell[] = []
  for (const [columns, rows] of DIRECTIONS) {
    if (step >= 2 && isNeedless(own, wanted, columns, rows)) continue
    const cell = neighbor(center, columns, rows)
    const last = cells.at(-1)
    // with a huge radius neighbors can be the same cell; Redis looks back at one that is not the first
    if (cells.length > 1 && last?.column === cell.column && last.row === cell.row) continue
    cells.push(cell)
  }
  return cells
}

/** Whether the neighbors go as far as is wanted. */
function reaches(center: Cell, wanted: CellBounds): boolean {
  return (
    cellBounds(neighbor(center, 0, 1)).latitude.max >= wanted.latitude.max &&
    cellBounds(neighbor(center, 0, -1)).latitude.min <= wanted.latitude.min &&
    cellBounds(neighbor(center, 1, 0)).longitude.max >= wanted.longitude.max &&
    cellBounds(neighbor(center, -1, 0)).longitude.min <= wanted.longitude.min
  )
}

/** A neighbor is not needed on a side where the cell itself goes far enough. */
function isNeedless(own: CellBounds, wanted: CellBounds, columns: number, rows: number): boolean {
  return (
    (rows < 0 && own.latitude.min < wanted.latitude.min) ||
    (rows > 0 && own.latitude.max > wanted.latitude.max) ||
    (columns < 0 && own.longitude.min < wanted.longitude.min) ||
    (columns > 0 && own.longitude.max > wanted.longitude.max)
  )
}
