import { User, type UserDefaults } from './user.ts'

const NO_CHANGE =
  'WARNING: ACL errors detected, no change to the previously active ACL rules was performed'

/**
 * Joins the words of a selector: `(~a`, `+get)` become `(~a +get)`. Answers the error text for
 * parentheses without a partner.
 */
export function mergeSelectors(words: readonly string[]): string[] | string {
  const merged: string[] = []
  let open: string | undefined
  for (const word of words) {
    if (open === undefined && word.startsWith('(') && !word.endsWith(')')) open = word
    else if (open !== undefined) {
      open += ` ${word}`
      if (!word.endsWith(')')) continue
      merged.push(open)
      open = undefined
    } else merged.push(word)
  }
  if (open === undefined) return merged
  return `Unmatched parenthesis in acl selector starting at '${open.split(' ', 1)[0]}'.`
}

/** Reads `user <name> <rules>` lines. Answers one text with everything that is wrong. */
export function readUsers(
  content: string,
  source: string,
  defaults: UserDefaults,
): Map<string, User> | string {
  const users = new Map<string, User>()
  let errors = ''
  content.split('\n').forEach((raw, index) => {
    const line = raw.trim()
    if (line === '') return
    const [keyword, name, ...rules] = line.split(' ')
    const where = `${source}:${index + 1}`
    if (keyword !== 'user' || name === undefined) {
      errors += `${where} should start with user keyword followed by the username. `
    } else if (users.has(name)) {
      errors += `WARNING: Duplicate user '${name}' found on line ${index + 1}. `
    } else {
      const user = new User(name, defaults)
      errors += applyAll(user, rules, where, defaults)
      users.set(name, user)
    }
  })
  return errors === '' ? users : errors + NO_CHANGE
}

function applyAll(
  user: User,
  rules: readonly string[],
  where: string,
  defaults: UserDefaults,
): string {
  const merged = mergeSelectors(rules)
  if (typeof merged === 'string') return `${where}: Unmatched parenthesis in selector definition.`
  let errors = ''
  let isSyntaxTold = false
  for (const rule of merged) {
    const problem = user.apply(rule, defaults)
    if (problem === undefined) continue
    if (problem.startsWith('Unknown')) {
      errors += `${where}: Error in applying operation '${rule}': ${problem}. `
    } else if (!isSyntaxTold) {
      errors += `${where}: ${problem}. `
      isSyntaxTold = true
    }
  }
  return errors
}
