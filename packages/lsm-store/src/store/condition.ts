/** What a key must hold for a conditional write to happen. */
export type WriteCondition =
  | { readonly ifAbsent: true }
  /** `version` as `entry()` and earlier conditional writes tell it. */
  | { readonly ifVersion: number }

/** What became of a conditional write. Known when the call returns. */
export interface ConditionalWrite {
  /** The condition held, and the write is visible. */
  readonly applied: boolean
  /** The key's version now: that of the write when it was applied. Undefined when it holds nothing. */
  readonly version: number | undefined
  /** Resolves when the write is as durable as its sync mode says; at once when it was not applied. */
  readonly done: Promise<void>
}

/** Writes when the condition holds for the key's version. */
export function writeIf(
  condition: WriteCondition,
  version: number | undefined,
  lastSequence: () => number,
  write: () => Promise<void>,
): ConditionalWrite {
  if (!holds(condition, version)) return { applied: false, version, done: Promise.resolve() }
  const before = lastSequence()
  const done = write()
  const after = lastSequence()
  // A write that was refused, as by a poisoned store, has taken no sequence; `done` says why.
  return after === before
    ? { applied: false, version, done }
    : { applied: true, version: after, done }
}

function holds(condition: WriteCondition, version: number | undefined): boolean {
  const { ifAbsent, ifVersion } = condition as { ifAbsent?: unknown; ifVersion?: unknown }
  if (ifAbsent === true && ifVersion === undefined) return version === undefined
  if (ifAbsent === undefined && Number.isSafeInteger(ifVersion)) return version === ifVersion
  throw new TypeError('condition must be { ifAbsent: true } or { ifVersion: number }')
}
