/** What the store says of a key that is not simply free. */
export interface LaneRecord {
  /** The sequence of the failed head that holds the key; 0 when none does. */
  readonly heldBy: number
  /** The head has used up its attempts: only an operator frees the key. */
  readonly dead: boolean
  /** Tasks of the key stand in the waiting area. */
  readonly spilled: boolean
  /** An operator has paused the key. */
  readonly paused: boolean
}

const DEAD = 1
const SPILLED = 2
const PAUSED = 4

/** flags u8, held by u56 */
export function encodeLane(lane: LaneRecord): Uint8Array {
  const bytes = Buffer.allocUnsafe(8)
  const { dead, spilled, paused } = lane
  bytes[0] = (dead ? DEAD : 0) | (spilled ? SPILLED : 0) | (paused ? PAUSED : 0)
  bytes.writeUIntBE(Math.floor(lane.heldBy / 2 ** 32), 1, 3)
  bytes.writeUInt32BE(lane.heldBy % 2 ** 32, 4)
  return bytes
}

export function decodeLane(bytes: Uint8Array): LaneRecord {
  if (bytes.length !== 8) throw new TypeError('the state of a key of the scheduler is damaged')
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view[0] as number
  return {
    heldBy: view.readUIntBE(1, 3) * 2 ** 32 + view.readUInt32BE(4),
    dead: (flags & DEAD) !== 0,
    spilled: (flags & SPILLED) !== 0,
    paused: (flags & PAUSED) !== 0,
  }
}
