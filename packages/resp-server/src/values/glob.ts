const STAR = 0x2a
const QUESTION = 0x3f
const OPEN = 0x5b
const CLOSE = 0x5d
const BACKSLASH = 0x5c
const CARET = 0x5e
const DASH = 0x2d

/**
 * Redis' glob: `*`, `?`, `[a-z]`, `[^a]`, `\` escapes. Only the last star is ever retried,
 * so time is at most pattern length times text length.
 */
export function matchGlob(pattern: string, text: string, options?: { nocase: boolean }): boolean {
  if (pattern === '*') return true
  const nocase = options?.nocase === true
  const p = nocase ? pattern.toLowerCase() : pattern
  const t = nocase ? text.toLowerCase() : text
  let at = 0
  let from = 0
  let starAt = -1
  let starFrom = 0
  while (from < t.length) {
    if (p.charCodeAt(at) === STAR) {
      starAt = at
      starFrom = from
      at += 1
      continue
    }
    const next = at < p.length ? matchOne(p, at, t.charCodeAt(from)) : -1
    if (next !== -1) {
      at = next
      from += 1
      continue
    }
    if (starAt === -1) return false
    starFrom += 1
    from = starFrom
    at = starAt + 1
  }
  while (p.charCodeAt(at) === STAR) at += 1
  return at >= p.length
}

/** Position after the pattern element when it matches the character, else -1. */
function matchOne(pattern: string, at: number, code: number): number {
  const element = pattern.charCodeAt(at)
  if (element === QUESTION) return at + 1
  if (element === OPEN) return matchClass(pattern, at + 1, code)
  if (element === BACKSLASH && at + 1 < pattern.length) {
    return pattern.charCodeAt(at + 1) === code ? at + 2 : -1
  }
  return element === code ? at + 1 : -1
}

function matchClass(pattern: string, start: number, code: number): number {
  let at = start
  const negated = pattern.charCodeAt(at) === CARET
  if (negated) at += 1
  let found = false
  for (; at < pattern.length && pattern.charCodeAt(at) !== CLOSE; at += 1) {
    if (pattern.charCodeAt(at) === BACKSLASH && at + 1 < pattern.length) {
      at += 1
      if (pattern.charCodeAt(at) === code) found = true
    } else if (pattern.charCodeAt(at + 1) === DASH && at + 2 < pattern.length) {
      const low = pattern.charCodeAt(at)
      const high = pattern.charCodeAt(at + 2)
      if (code >= Math.min(low, high) && code <= Math.max(low, high)) found = true
      at += 2
    } else if (pattern.charCodeAt(at) === code) {
      found = true
    }
  }
  return found === negated ? -1 : Math.min(at + 1, pattern.length)
}
