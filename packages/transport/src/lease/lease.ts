/** What somebody has seen of a lease that another holds. */
export interface LeaseSighting {
  /** What its key had when it was seen last. */
  readonly revision: number
  /** For how long that has been known by now, from when it came to be known, not from when it was written. */
  readonly forMs: number
}

/** How a lease is asked for and kept. */
export interface LeaseOptions {
  /** A label for people; a second asker of the same name is another asker. */
  readonly owner: string
  /** The lease ends when it was not renewed for this long. */
  readonly ttlMs: number
  /** Wait at most this long for a lease that another holds. Default 0: answer at once. */
  readonly waitMs?: number | undefined
  /** Renew every third of the ttl until released. Default false: the caller renews. */
  readonly autoRenew?: boolean | undefined
  /** Told once when the lease is lost, not when it is released. */
  readonly onLost?: ((reason: Error) => void) | undefined
  /**
   * What the asker has seen by a watch on the key: of the holder's ttl it then waits for what is left,
   * where otherwise it waits for all of it from the first look on. A revision that is not the key's last
   * one any more says nothing.
   */
  readonly seen?: LeaseSighting | undefined
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The right to act on a key, at most one holder at a time as long as clocks run at nearly equal
 * speed, and fenced where they do not: give `epoch` to whatever you write to and let it refuse
 * smaller ones.
 *
 * A holder is taken for dead when its record did not change for its ttl **on the observer's own
 * monotonic clock**; wall clocks are never compared. The holder itself gives up a tenth earlier.
 */
export interface Lease {
  readonly owner: string
  /** Fencing token: the revision at acquisition, greater than that of every earlier holder. */
  readonly epoch: number
  /** False once released, lost, or not renewed in time. */
  readonly held: boolean
  /** Rejects with `LEASE_LOST` when it is gone; with `DISCONNECTED` when it could not be reached. */
  renew(): Promise<void>
  /** Gives the lease up so that another can have it at once. Idempotent. */
  release(): Promise<void>
}
