import { textOf } from '../runtime/concatenation.ts'
import type { LuaContext } from '../runtime/context.ts'
import { LuaTable } from '../table.ts'
import {
  firstOf,
  isTruthy,
  type LuaFunction,
  type LuaResult,
  type LuaValue,
  NOTHING,
  typeName,
} from '../value.ts'
import { type Args, checkInt, checkString, optInteger } from './arguments.ts'
import { PatternMatcher } from './pattern.ts'

const SPECIALS = /[\^$*+?.([%-]/

/** `string.find`, `match`, `gmatch` and `gsub`. */
export function createStringSearch(context: LuaContext): Record<string, LuaFunction> {
  return {
    find: (...args) => find(context, args, true),
    match: (...args) => find(context, args, false),
    gmatch: (...args) => gmatch(context, args),
    // The name that Lua 5.0 had for it.
    gfind: (...args) => gmatch(context, args),
    gsub: (...args) => gsub(context, args),
  }
}

function find(context: LuaContext, args: Args, isFind: boolean): LuaResult {
  const subject = checkString(context, args, 1)
  const pattern = checkString(context, args, 2)
  const wanted = optInteger(context, args, 3, 1)
  const relative = wanted < 0 ? wanted + subject.length : wanted - 1
  const init = Math.min(Math.max(relative, 0), subject.length)
  if (isFind && (isTruthy(args[3]) || isPlain(pattern))) {
    context.charge((subject.length - init) >> 6)
    const at = subject.indexOf(pattern, init)
    return at < 0 ? undefined : [at + 1, at + pattern.length]
  }
  const isAnchored = pattern.charCodeAt(0) === 94
  const matcher = new PatternMatcher(context, subject, pattern)
  const p = isAnchored ? 1 : 0
  for (let s = init; s <= subject.length; s++) {
    const end = matcher.matchAt(s, p)
    if (end >= 0) {
      if (isFind) return [s + 1, end, ...matcher.captures(s, end, false)]
      return matcher.captures(s, end, true)
    }
    if (isAnchored) break
  }
  return undefined
}

/** Without special characters before a zero byte, where C stops looking for them. */
function isPlain(pattern: string): boolean {
  const end = pattern.indexOf('\0')
  return !SPECIALS.test(end < 0 ? pattern : pattern.slice(0, end))
}

function gmatch(context: LuaContext, args: Args): LuaResult {
  const subject = checkString(context, args, 1)
  const pattern = checkString(context, args, 2)
  const matcher = new PatternMatcher(context, subject, pattern)
  let from = 0
  return () => {
    for (let s = from; s <= subject.length; s++) {
      const end = matcher.matchAt(s, 0)
      if (end < 0) continue
      from = end === s ? end + 1 : end
      return matcher.captures(s, end, true)
    }
    from = subject.length + 1
    return NOTHING
  }
}

type Replacer = (matcher: PatternMatcher, start: number, end: number) => LuaValue

function gsub(context: LuaContext, args: Args): LuaResult {
  const subject = checkString(context, args, 1)
  const pattern = checkString(context, args, 2)
  const isAnchored = pattern.charCodeAt(0) === 94
  const limit = args[3] === undefined ? subject.length + 1 : checkInt(context, args, 4)
  const replace = replacerOf(context, args)
  const matcher = new PatternMatcher(context, subject, pattern)
  const p = isAnchored ? 1 : 0
  let at = 0
  let count = 0
  let result = ''
  let copied = 0
  while (count < limit) {
    const end = matcher.matchAt(at, p)
    if (end >= 0) {
      count++
      const value = replace(matcher, at, end)
      if (isTruthy(value)) {
        const text = textOf(value)
        if (text === undefined) {
          throw context.fail(`invalid replacement value (a ${typeName(value)})`)
        }
        result += subject.slice(copied, at) + text
        copied = end
        context.reserve(text.length)
      }
    }
    if (end > at) at = end
    else if (at < subject.length) at++
    else break
    if (isAnchored) break
  }
  return [result + subject.slice(copied), count]
}

function replacerOf(context: LuaContext, args: Args): Replacer {
  const [, , replacement] = args
  if (replacement instanceof LuaTable) {
    return (matcher, start, end) => lookUp(context, replacement, matcher.capture(0, start, end))
  }
  if (typeof replacement === 'function') {
    return (matcher, start, end) =>
      firstOf(context.call(replacement, matcher.captures(start, end, true)))
  }
  const template = textOf(replacement)
  if (template === undefined) {
    throw context.argumentError(3, 'string/function/table expected')
  }
  if (!template.includes('%')) return () => template
  return (matcher, start, end) => expand(template, matcher, start, end)
}

/** A replacement table is indexed with its metamethods. */
function lookUp(context: LuaContext, table: LuaTable, key: LuaValue): LuaValue {
  const value = table.get(key)
  if (value !== undefined || table.meta === undefined) return value
  const handler = table.meta.getHash('__index')
  if (typeof handler === 'function') return firstOf(context.call(handler, [table, key]))
  return handler instanceof LuaTable ? lookUp(context, handler, key) : undefined
}

function expand(template: string, matcher: PatternMatcher, start: number, end: number): string {
  let text = ''
  for (let i = 0; i < template.length; i++) {
    const c = template.charCodeAt(i)
    if (c !== 37) {
      text += template[i]
      continue
    }
    i++
    const digit = template.charCodeAt(i) - 48
    if (i >= template.length) text += '\0'
    else if (!(digit >= 0 && digit <= 9)) text += template[i]
    else if (digit === 0) text += matcher.subject.slice(start, end)
    else text += textOf(matcher.capture(digit - 1, start, end)) ?? ''
  }
  return text
}
