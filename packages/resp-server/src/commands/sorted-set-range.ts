import { ReplyError } from '../errors.ts'
import { parseDouble } from '../values/numbers.ts'
import type { SortedSetValue } from '../values/sorted-set-value.ts'
import { integer } from './arguments.ts'
import { clampRange } from './lists.ts'

/** A run of members in score order. */
export interface RankRange {
  readonly first: number
  readonly count: number
}

export type RangeKind = 'rank' | 'score' | 'lex'

/** Bounds that are read before the key is looked at, and then applied to what it holds. */
export type Bounds = (sorted: SortedSetValue, reverse: boolean) => RankRange

export function parseBounds(kind: RangeKind, min: string, max: string): Bounds {
  if (kind === 'rank') return rankBounds(integer(min), integer(max))
  return kind === 'score' ? scoreBounds(min, max) : lexBounds(min, max)
}

/** Ranks count from the highest score when reversed. */
function rankBounds(start: number, stop: number): Bounds {
  return (sorted, reverse) => {
    const { first, count } = clampRange(start, stop, sorted.size)
    return reverse ? { first: sorted.size - first - count, count } : { first, count }
  }
}

function scoreBound(text: string): { value: number; isExclusive: boolean } {
  const isExclusive = text.startsWith('(')
  // as strtod reads it: blanks in front are skipped and nothing at all is zero
  const digits = (isExclusive ? text.slice(1) : text).trimStart()
  const value = text === '' || text === '(' ? 0 : parseDouble(digits)
  if (value === undefined) throw new ReplyError('ERR min or max is not a float')
  return { value, isExclusive }
}

function scoreBounds(minText: string, maxText: string): Bounds {
  const min = scoreBound(minText)
  const max = scoreBound(maxText)
  return (sorted) => {
    const first = sorted.order.countWhile(
      (score) => score < min.value || (min.isExclusive && score === min.value),
    )
    const end = sorted.order.countWhile(
      (score) => score < max.value || (!max.isExclusive && score === max.value),
    )
    return { first, count: Math.max(0, end - first) }
  }
}

/** `-`, `+`, `[bytes` or `(bytes`. */
function lexBound(text: string): { edge: -1 | 0 | 1; value: string; isExclusive: boolean } {
  if (text === '-') return { edge: -1, value: '', isExclusive: false }
  if (text === '+') return { edge: 1, value: '', isExclusive: false }
  if (!/^[[(]/.test(text)) throw new ReplyError('ERR min or max not valid string range item')
  return { edge: 0, value: text.slice(1), isExclusive: text.startsWith('(') }
}

function lexBounds(minText: string, maxText: string): Bounds {
  const min = lexBound(minText)
  const max = lexBound(maxText)
  return (sorted) => {
    const { size } = sorted
    const first =
      min.edge !== 0
        ? min.edge < 0
          ? 0
          : size
        : sorted.order.countWhile(
            (_, member) => member < min.value || (min.isExclusive && member === min.value),
          )
    const end =
      max.edge !== 0
        ? max.edge < 0
          ? 0
          : size
        : sorted.order.countWhile(
            (_, member) => member < max.value || (!max.isExclusive && member === max.value),
          )
    return { first, count: Math.max(0, end - first) }
  }
}

/** LIMIT on a range that is walked forwards or backwards. A negative count takes all. */
export function limitRange(
  range: RankRange,
  reverse: boolean,
  offset: number,
  limit: number,
): RankRange {
  if (offset < 0 || offset >= range.count) return { first: range.first, count: 0 }
  const left = range.count - offset
  const count = limit < 0 ? left : Math.min(left, limit)
  const first = reverse ? range.first + range.count - offset - count : range.first + offset
  return { first, count }
}
