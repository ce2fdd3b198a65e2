/** What the names of commands tell about their arguments before they run. Wrong ones cost time only. */
export interface RequestPlan {
  /** A key is at each of so many positions, from the first on; 0: only at the first. */
  readonly step: number
  /** Where the first element of the key's collection stands; 0: nowhere. */
  readonly element: number
}

/** Where a request has its key, nearly always. */
export const KEY_POSITION: number = 1

export const NO_PLAN: RequestPlan = { step: 0, element: 0 }
const EVERY: RequestPlan = { step: 1, element: 0 }
const EVERY_OTHER: RequestPlan = { step: 2, element: 0 }
const ELEMENT: RequestPlan = { step: 0, element: 2 }
const SCORED_ELEMENT: RequestPlan = { step: 0, element: 3 }

const PLANS: readonly (readonly [plan: RequestPlan, ...names: string[]])[] = [
  [EVERY, 'mget', 'del', 'unlink', 'exists', 'touch'],
  [EVERY_OTHER, 'mset', 'msetnx'],
  [ELEMENT, 'sadd', 'srem', 'sismember', 'hset', 'hget', 'hdel', 'hexists', 'hincrby'],
  [ELEMENT, 'zscore', 'zrem', 'zrank'],
  [SCORED_ELEMENT, 'zadd', 'zincrby'],
]
const BY_NAME: ReadonlyMap<string, RequestPlan> = new Map(
  PLANS.flatMap(([plan, ...names]) =>
    names.flatMap((name) => [[name, plan] as const, [name.toUpperCase(), plan] as const]),
  ),
)

/** Of the two spellings that nearly all clients use. */
export const planOf = (name: string): RequestPlan => BY_NAME.get(name) ?? NO_PLAN

export const isKeyPosition = (position: number, step: number): boolean =>
  position === KEY_POSITION || (step !== 0 && position !== 0 && position % step === 1 % step)
