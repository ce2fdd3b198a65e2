/** Why a user may not do something, and which argument says so. */
export interface Denial {
  readonly reason: 'command' | 'key' | 'channel'
  /** Position of the key or channel in the request. */
  readonly position: number
}

/** Which of two denials is told: the one that got further. */
export function furtherOf(one: Denial | undefined, other: Denial): Denial {
  if (one === undefined) return other
  const order = ['command', 'key', 'channel']
  const difference = order.indexOf(other.reason) - order.indexOf(one.reason)
  return difference > 0 || (difference === 0 && other.position > one.position) ? other : one
}
