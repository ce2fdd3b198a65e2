import type { LuaContext } from '../runtime/context.ts'
import type { LuaValue } from '../value.ts'
import { matchesClass } from './character-class.ts'

const MAX_CAPTURES = 32
/** A capture that is still open, and one that notes a position. */
const OPEN = -1
const POSITION = -2
/** Steps of the matcher that are charged at once. */
const STEPS = 256

const PERCENT = 37
const OPEN_SET = 91
const CLOSE_SET = 93

/** One match of Lua patterns: tries a pattern at places of a subject. */
export class PatternMatcher {
  readonly subject: string
  private readonly pattern: string
  private readonly context: LuaContext
  private level = 0
  private readonly starts: number[] = []
  private readonly lengths: number[] = []
  private steps = STEPS

  constructor(context: LuaContext, subject: string, pattern: string) {
    this.context = context
    this.subject = subject
    // The pattern is a C string to the matcher.
    const end = pattern.indexOf('\0')
    this.pattern = end < 0 ? pattern : pattern.slice(0, end)
  }

  /** The end of a match of the pattern from `p` on that starts at `s`, -1 without one. */
  matchAt(s: number, p: number): number {
    this.level = 0
    return this.match(s, p)
  }

  private match(from: number, fromPattern: number): number {
    const { pattern, subject } = this
    let s = from
    let p = fromPattern
    for (;;) {
      if (--this.steps < 0) {
        this.steps = STEPS
        this.context.charge(STEPS)
      }
      if (p >= pattern.length) return s
      const c = pattern.charCodeAt(p)
      const next = pattern.charCodeAt(p + 1)
      if (c === 40) {
        return next === 41
          ? this.startCapture(s, p + 2, POSITION)
          : this.startCapture(s, p + 1, OPEN)
      }
      if (c === 41) return this.endCapture(s, p + 1)
      if (c === 36 && p + 1 === pattern.length) return s === subject.length ? s : -1
      if (c === PERCENT && next === 98) {
        s = this.matchBalance(s, p + 2)
        if (s < 0) return -1
        p += 4
        continue
      }
      if (c === PERCENT && next === 102) {
        p += 2
        const end = this.frontierEnd(p)
        if (!this.isFrontier(s, p, end)) return -1
        p = end
        continue
      }
      if (c === PERCENT && next >= 48 && next <= 57) {
        s = this.matchCapture(s, next)
        if (s < 0) return -1
        p += 2
        continue
      }
      const end = this.classEnd(p)
      const suffix = pattern.charCodeAt(end)
      if (suffix === 42) return this.maxExpand(s, p, end, 0)
      if (suffix === 43) return this.maxExpand(s, p, end, 1)
      if (suffix === 45) return this.minExpand(s, p, end)
      const isHere = s < subject.length && this.isSingle(subject.charCodeAt(s), p, end)
      if (suffix === 63) {
        if (isHere) {
          const result = this.match(s + 1, end + 1)
          if (result >= 0) return result
        }
        p = end + 1
        continue
      }
      if (!isHere) return -1
      s++
      p = end
    }
  }

  /** The end of the single-character item at `p`. */
  private classEnd(p: number): number {
    const { pattern, context } = this
    const c = pattern.charCodeAt(p)
    let at = p + 1
    if (c === PERCENT) {
      if (at >= pattern.length) throw context.fail("malformed pattern (ends with '%')")
      return at + 1
    }
    if (c !== OPEN_SET) return at
    if (pattern.charCodeAt(at) === 94) at++
    do {
      if (at >= pattern.length) throw context.fail("malformed pattern (missing ']')")
      if (pattern.charCodeAt(at++) === PERCENT && at < pattern.length) at++
    } while (pattern.charCodeAt(at) !== CLOSE_SET)
    return at + 1
  }

  private isSingle(c: number, p: number, end: number): boolean {
    const { pattern } = this
    const item = pattern.charCodeAt(p)
    if (item === 46) return true
    if (item === PERCENT) return matchesClass(c, pattern.charCodeAt(p + 1))
    if (item === OPEN_SET) return this.isInSet(c, p, end - 1)
    return item === c
  }

  /** Is the character in the set between `[` at `p` and `]` at `close`? */
  private isInSet(c: number, p: number, close: number): boolean {
    const { pattern } = this
    let at = p + 1
    const isNegated = pattern.charCodeAt(at) === 94
    if (isNegated) at++
    for (; at < close; at++) {
      const item = pattern.charCodeAt(at)
      if (item === PERCENT) {
        at++
        if (matchesClass(c, pattern.charCodeAt(at))) return !isNegated
      } else if (pattern.charCodeAt(at + 1) === 45 && at + 2 < close) {
        if (item <= c && c <= pattern.charCodeAt(at + 2)) return !isNegated
        at += 2
      } else if (item === c) {
        return !isNegated
      }
    }
    return isNegated
  }

  private matchBalance(s: number, p: number): number {
    const { pattern, subject, context } = this
    if (p + 1 >= pattern.length) throw context.fail('unbalanced pattern')
    const open = pattern.charCodeAt(p)
    const close = pattern.charCodeAt(p + 1)
    if (subject.charCodeAt(s) !== open) return -1
    let depth = 1
    for (let at = s + 1; at < subject.length; at++) {
      const c = subject.charCodeAt(at)
      if (c === close) {
        if (--depth === 0) return at + 1
      } else if (c === open) {
        depth++
      }
    }
    return -1
  }

  private frontierEnd(p: number): number {
    if (this.pattern.charCodeAt(p) !== OPEN_SET) {
      throw this.context.fail("missing '[' after '%f' in pattern")
    }
    return this.classEnd(p)
  }

  private isFrontier(s: number, p: number, end: number): boolean {
    const { subject } = this
    const before = s === 0 ? 0 : subject.charCodeAt(s - 1)
    const here = s < subject.length ? subject.charCodeAt(s) : 0
    return !this.isInSet(before, p, end - 1) && this.isInSet(here, p, end - 1)
  }

  private maxExpand(s: number, p: number, end: number, least: number): number {
    const { subject } = this
    let count = 0
    while (s + count < subject.length && this.isSingle(subject.charCodeAt(s + count), p, end))
      count++
    this.steps -= count >> 3
    for (; count >= least; count--) {
      const result = this.match(s + count, end + 1)
      if (result >= 0) return result
    }
    return -1
  }

  private minExpand(from: number, p: number, end: number): number {
    const { subject } = this
    for (let s = from; ; s++) {
      const result = this.match(s, end + 1)
      if (result >= 0) return result
      if (s >= subject.length || !this.isSingle(subject.charCodeAt(s), p, end)) return -1
    }
  }

  private startCapture(s: number, p: number, kind: number): number {
    const { level } = this
    if (level >= MAX_CAPTURES) throw this.context.fail('too many captures')
    this.starts[level] = s
    this.lengths[level] = kind
    this.level = level + 1
    const result = this.match(s, p)
    if (result < 0) this.level--
    return result
  }

  private endCapture(s: number, p: number): number {
    const open = this.captureToClose()
    this.lengths[open] = s - (this.starts[open] as number)
    const result = this.match(s, p)
    if (result < 0) this.lengths[open] = OPEN
    return result
  }

  private captureToClose(): number {
    for (let level = this.level - 1; level >= 0; level--)
      if (this.lengths[level] === OPEN) return level
    throw this.context.fail('invalid pattern capture')
  }

  /** `%1`: what the capture holds must stand here. */
  private matchCapture(s: number, digit: number): number {
    const index = digit - 49
    const length = this.lengths[index]
    if (index < 0 || index >= this.level || length === OPEN || length === undefined) {
      throw this.context.fail('invalid capture index')
    }
    const start = this.starts[index] as number
    // A position capture has a negative length, which fits nowhere.
    if (length < 0 || this.subject.length - s < length) return -1
    return this.subject.startsWith(this.subject.slice(start, start + length), s) ? s + length : -1
  }

  /** Capture `index` from 0; the whole match stands for the first when there is none. */
  capture(index: number, start: number, end: number): LuaValue {
    if (index >= this.level) {
      if (index === 0) return this.subject.slice(start, end)
      throw this.context.fail('invalid capture index')
    }
    const from = this.starts[index] as number
    const length = this.lengths[index] as number
    if (length === OPEN) throw this.context.fail('unfinished capture')
    return length === POSITION ? from + 1 : this.subject.slice(from, from + length)
  }

  /** All captures, or the whole match when there are none and one is wanted. */
  captures(start: number, end: number, wantWhole: boolean): LuaValue[] {
    const count = this.level === 0 && wantWhole ? 1 : this.level
    const values: LuaValue[] = []
    for (let i = 0; i < count; i++) values.push(this.capture(i, start, end))
    return values
  }
}
