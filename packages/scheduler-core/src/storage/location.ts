import type { Area, Task } from '../task/task.ts'

/** Where a task that has moved is found: what its forwarding address holds. */
export interface Location {
  readonly area: Area
  readonly at: number
  /** The task's key, where the area is `waiting`. */
  readonly key: string
  /** The number of its stream, where it is not the one in its id. */
  readonly stream: number | undefined
}

const AREAS: readonly Area[] = ['due', 'waiting', 'dead', 'blocked']

/** Added to the area: the number of a stream follows the time. */
const ELSEWHERE = 128

/** area u8, time u48, stream u24 where it is another, key as UTF-8 */
export function encodeLocation(task: Task): Uint8Array {
  const key = Buffer.from(task.area === 'waiting' ? (task.key ?? '') : '', 'utf8')
  const elsewhere = task.home !== task.queue.number
  const bytes = Buffer.allocUnsafe(7 + (elsewhere ? 3 : 0) + key.length)
  bytes[0] = AREAS.indexOf(task.area) + (elsewhere ? ELSEWHERE : 0)
  bytes.writeUIntBE(task.at, 1, 6)
  if (elsewhere) bytes.writeUIntBE(task.queue.number, 7, 3)
  bytes.set(key, elsewhere ? 10 : 7)
  return bytes
}

export function decodeLocation(bytes: Uint8Array): Location {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const first = view[0] ?? AREAS.length
  const elsewhere = first >= ELSEWHERE
  const area = AREAS[elsewhere ? first - ELSEWHERE : first]
  const keyAt = elsewhere ? 10 : 7
  if (area === undefined || view.length < keyAt) {
    throw new TypeError('a forwarding address of the scheduler is damaged')
  }
  const stream = elsewhere ? view.readUIntBE(7, 3) : undefined
  return { area, at: view.readUIntBE(1, 6), key: view.toString('utf8', keyAt), stream }
}
