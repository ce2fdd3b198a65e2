/**
 * What a request asks for, after validation: plain data that names catalogue members only, with a
 * slot number wherever the request gave a value. Two requests that differ in values alone have the
 * same tree, so its JSON text is the key of the plan cache.
 */

/** The index of a value in {@link Bound.values}. */
export type Slot = number

/** A value as SQL parameters take it. */
export type SqlValue = string | number | bigint | Uint8Array | null

export type DatePart = 'year' | 'month' | 'week' | 'day' | 'weekday' | 'hour' | 'minute' | 'second'

/** Something that has a value per row. */
export type Operand =
  | { readonly kind: 'field'; readonly field: string }
  | { readonly kind: 'part'; readonly part: DatePart; readonly field: string }
  | { readonly kind: 'json'; readonly field: string; readonly path: Slot }
  | { readonly kind: 'count'; readonly relation: string }
  /** A value of the row that a to-one relation leads to. */
  | { readonly kind: 'via'; readonly relation: string; readonly operand: Operand }

export type CompareOperator = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte'
export type TextMatch = 'contains' | 'starts' | 'ends'

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'constant'; readonly value: boolean }
  | {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly operand: Operand
      readonly value: Slot
    }
  | {
      readonly kind: 'between'
      readonly operand: Operand
      readonly low: Slot
      readonly high: Slot
    }
  /** `list` holds a JSON array. */
  | { readonly kind: 'in'; readonly operand: Operand; readonly list: Slot }
  | { readonly kind: 'null' | 'empty'; readonly operand: Operand }
  | {
      readonly kind: 'text'
      readonly match: TextMatch
      readonly fold: CaseFold
      readonly operand: Operand
      readonly value: Slot
    }
  /** `one` and `some`: a related row exists for which `where` holds. `none`: none does. */
  | {
      readonly kind: 'related'
      readonly relation: string
      readonly quantifier: 'one' | 'some' | 'none'
      readonly where: Condition | undefined
    }

/** How letters compare: as they are, or without regard to case in ASCII or in all of Unicode. */
export type CaseFold = 'none' | 'ascii' | 'unicode'

export interface SortTerm {
  readonly operand: Operand
  readonly descending: boolean
}

/** Which rows, in which order. */
export interface Page {
  readonly where: Condition | undefined
  readonly sort: readonly SortTerm[]
  readonly limit: Slot
  readonly offset: Slot | undefined
}

/** One member of the answer's objects. */
export type Output =
  | { readonly kind: 'value'; readonly key: string; readonly operand: Operand }
  | {
      readonly kind: 'one'
      readonly key: string
      readonly relation: string
      readonly select: readonly Output[]
      readonly where: Condition | undefined
    }
  | {
      readonly kind: 'many'
      readonly key: string
      readonly relation: string
      readonly select: readonly Output[]
      readonly page: Page
    }
  /** The keys of the related rows. */
  | {
      readonly kind: 'keys'
      readonly key: string
      readonly relation: string
      readonly page: Page
    }

export type MetaName = 'total_count' | 'filter_count'

/** A list of rows. */
export interface ListRead {
  readonly kind: 'list'
  readonly collection: string
  readonly select: readonly Output[]
  readonly page: Page
  readonly meta: readonly MetaName[]
}

/** One row by its key. */
export interface OneRead {
  readonly kind: 'one'
  readonly collection: string
  readonly select: readonly Output[]
  readonly key: readonly Slot[]
}

export type AggregateFunction =
  | 'count'
  | 'countDistinct'
  | 'countAll'
  | 'sum'
  | 'sumDistinct'
  | 'avg'
  | 'avgDistinct'
  | 'min'
  | 'max'

export interface Aggregate {
  readonly function: AggregateFunction
  /** Absent for the count of rows. */
  readonly field: string | undefined
}

export interface Group {
  readonly key: string
  readonly operand: Operand
}

/** An order over groups: the index of a group key or of an aggregate. */
export interface GroupSort {
  readonly by: 'group' | 'aggregate'
  readonly index: number
  readonly descending: boolean
}

/** Figures over rows, per group. */
export interface AggregateRead {
  readonly kind: 'aggregate'
  readonly collection: string
  readonly groups: readonly Group[]
  readonly aggregates: readonly Aggregate[]
  readonly where: Condition | undefined
  readonly sort: readonly GroupSort[]
  readonly limit: Slot
  readonly offset: Slot | undefined
}

export type Read = ListRead | OneRead | AggregateRead

/** A tree, its cache key and the values of its slots. */
export interface Bound<Tree> {
  readonly tree: Tree
  readonly shape: string
  readonly values: readonly SqlValue[]
}
