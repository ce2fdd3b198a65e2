import type { Area, Task } from '../task/task.ts'

/** Where a task that has moved is found: what its forwarding address holds. */
export interface Location {
  readonly area: Area
  readonly at: number
  /** The task's key, where the area is `waiting`. */
  readonly key: string
}

const AREAS: readonly Area[] = ['due', 'waiting', 'dead', 'blocked']

/** area u8, time u48, key as UTF-8 */
export function encodeLocation(task: Task): Uint8Array {
  const key = Buffer.from(task.area === 'waiting' ? (task.key ?? '') : '', 'utf8')
  const bytes = Buffer.allocUnsafe(7 + key.length)
  bytes[0] = AREAS.indexOf(task.area)
  bytes.writeUIntBE(task.at, 1, 6)
  bytes.set(key, 7)
  return bytes
}

export function decodeLocation(bytes: Uint8Array): Location {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const area = AREAS[view[0] ?? AREAS.length]
  if (area === undefined || view.length < 7) {
    throw new TypeError('a forwarding address of the scheduler is damaged')
  }
  return { area, at: view.readUIntBE(1, 6), key: view.toString('utf8', 7) }
}
