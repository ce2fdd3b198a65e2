import type { RawBuilder } from 'kysely'
import type { Collection, Field } from '../catalog/catalog.ts'
import type { CaseFold, DatePart, SqlValue, TextMatch } from './ast.ts'

/** A piece of SQL with its parameters inside. */
export type Fragment = RawBuilder<unknown>

/** Stands in a fragment for a value that each run supplies. */
export class SlotRef {
  readonly slot: number

  constructor(slot: number) {
    this.slot = slot
  }
}

/** SQL text with its parameters: fixed values and slots. */
export interface CompiledSql {
  readonly sql: string
  readonly parameters: readonly (SqlValue | SlotRef)[]
}

/** The places where SQL databases differ. A new database is one of these and one `SqlDatabase`. */
export interface Dialect {
  compile(fragment: Fragment): CompiledSql
  /** An object of the given members, as a JSON value. */
  jsonObject(members: readonly (readonly [key: string, value: Fragment])[]): Fragment
  /** The aggregate that gathers a JSON value per row into an array, in the order of the rows. */
  jsonArray(item: Fragment): Fragment
  /** A column's value as JSON: exact, whatever JavaScript can hold. */
  jsonValue(field: Field, reference: Fragment): Fragment
  /** A number or text of an aggregate as JSON text. */
  jsonText(expression: Fragment): Fragment
  /** What lies at a path inside a JSON column, to compare with; nothing where that is not JSON. */
  jsonPath(reference: Fragment, path: Fragment): Fragment
  /** The same as a JSON value. */
  jsonMember(reference: Fragment, path: Fragment): Fragment
  /** Whether the reference's text matches. */
  matches(match: TextMatch, fold: CaseFold, reference: Fragment, value: Fragment): Fragment
  /** The form in which `matches` wants its value. */
  matchValue(match: TextMatch, fold: CaseFold, text: string): string
  isIn(reference: Fragment, list: Fragment): Fragment
  datePart(part: DatePart, reference: Fragment): Fragment
  /** A sum of decimals as JSON text, without the noise of binary fractions. */
  decimalText(expression: Fragment): Fragment
  /** A LIMIT whose value may differ from run to run without a new plan. */
  limit(rows: Fragment): Fragment
  /** A condition that is true, and stops a statement that runs for too long. */
  timeGuard(collection: Collection, alias: string): Fragment
  /** A condition that is true, and stops a statement that gathers too many nested rows. */
  rowGuard(): Fragment
}
