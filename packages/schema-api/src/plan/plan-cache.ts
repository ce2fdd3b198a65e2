import type { SqlValue } from './ast.ts'
import type { Statement } from './database.ts'
import { type CompiledSql, type Dialect, type Fragment, SlotRef } from './dialect.ts'

/**
 * Compiled SQL by the shape of what was asked, so that a request which differs from an earlier one
 * in its values alone costs a look-up. The least recently used plan goes first.
 */
export class PlanCache {
  readonly #dialect: Dialect
  readonly #capacity: number
  readonly #plans = new Map<string, CompiledSql>()
  #hits = 0
  #misses = 0

  constructor(dialect: Dialect, capacity: number) {
    this.#dialect = dialect
    this.#capacity = capacity
  }

  /** The statement for a shape and its values; `build` is called when the shape is new. */
  statement(shape: string, values: readonly SqlValue[], build: () => Fragment): Statement {
    let plan = this.#plans.get(shape)
    if (plan === undefined) {
      this.#misses += 1
      plan = this.#dialect.compile(build())
      if (this.#plans.size >= this.#capacity) {
        const [oldest] = this.#plans.keys()
        if (oldest !== undefined) this.#plans.delete(oldest)
      }
    } else {
      this.#hits += 1
      this.#plans.delete(shape)
    }
    this.#plans.set(shape, plan)
    return { sql: plan.sql, parameters: plan.parameters.map((part) => fill(part, values)) }
  }

  metrics(): { readonly plans: number; readonly planHits: number; readonly planMisses: number } {
    return { plans: this.#plans.size, planHits: this.#hits, planMisses: this.#misses }
  }
}

function fill(part: SqlValue | SlotRef, values: readonly SqlValue[]): SqlValue {
  if (!(part instanceof SlotRef)) return part
  const value = values[part.slot]
  if (value === undefined) throw new Error(`slot ${part.slot} has no value`)
  return value
}
