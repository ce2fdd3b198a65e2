import { matchesSubject } from '@ashlar/transport'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const token = fc.constantFrom('a', 'b', 'ab', 'é', '0')
const subject = fc.array(token, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('.'))
const pattern = fc
  .tuple(
    fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([tokens, open, onlyRest]) =>
    onlyRest && open ? '>' : [...tokens, ...(open ? ['>'] : [])].join('.'),
  )

/** The same rule written as a regular expression. */
function model(text: string): RegExp {
  const parts = text.split('.').map((part) => {
    if (part === '*') return '[^.]+'
    return part === '>' ? '.+' : part
  })
  return new RegExp(`^${parts.join('\\.')}$`, 'u')
}

test('matching agrees with the regular expression of the pattern', () => {
  fc.assert(
    fc.property(pattern, subject, (given, candidate) => {
      expect(matchesSubject(given, candidate)).toBe(model(given).test(candidate))
    }),
  )
})

test('no wildcard in first place matches a reserved first token', () => {
  for (const reserved of ['$SYS.a', '_INBOX.1.2']) {
    expect(matchesSubject('>', reserved)).toBe(false)
    expect(matchesSubject('*.a', reserved)).toBe(false)
    expect(matchesSubject(reserved, reserved)).toBe(true)
  }
  expect(matchesSubject('>', 'a.$SYS')).toBe(true)
})
