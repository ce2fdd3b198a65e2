import type { BinaryOp, Block, Expr, FunctionNode } from './ast.ts'
import type { ParsedChunk } from './parser.ts'

const ARITHMETIC: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['+', '-', '*', '/', '%', '^'])
export function isArithmetic(op: BinaryOp): boolean {
  return ARITHMETIC.has(op)
}

const COMPARISONS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['==', '~=', '<', '<=', '>', '>='])

/**
 * Finds locals that only ever hold numbers, locals that always are one known function, and
 * functions that always return exactly one value. Every assignment to a local is visible in the
 * text, so assuming the best and withdrawing what is contradicted is sound.
 */
export function inferTypes(chunk: ParsedChunk): void {
  const candidates = chunk.locals.filter((variable) => {
    const [only] = variable.given
    if (!variable.assigned && only?.kind === 'function') variable.constant = only
    return variable.given.length > 0 && !variable.given.includes(undefined)
  })
  for (const variable of candidates) variable.isNumber = true
  withdraw(
    candidates,
    (variable) => variable.given.every((each) => each !== undefined && isNumeric(each)),
    'isNumber',
  )

  const singles = chunk.functions.filter(
    (fn) => fn.returns.every((values) => values.length === 1) && !fallsThrough(fn.body),
  )
  for (const fn of singles) fn.isSingle = true
  withdraw(
    singles,
    (fn) => fn.returns.every(([value]) => value !== undefined && isSingle(value)),
    'isSingle',
  )
}

/** Clears the flag of all that fail the test until none fails any more. */
function withdraw<K extends string, T extends Record<K, boolean>>(
  assumed: readonly T[],
  holds: (each: T) => boolean,
  flag: K,
): void {
  let left = assumed
  for (;;) {
    const kept = left.filter(holds)
    if (kept.length === left.length) return
    const keptSet = new Set(kept)
    for (const each of left) if (!keptSet.has(each)) (each as Record<K, boolean>)[flag] = false
    left = kept
  }
}

/** Is the expression certainly a number? */
export function isNumeric(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
      return true
    case 'local':
      return expr.variable.isNumber
    case 'paren':
      return isNumeric(expr.inner)
    case 'unary':
      return expr.op === '#' || (expr.op === '-' && isNumeric(expr.operand))
    case 'binary':
      if (isArithmetic(expr.op)) return isNumericChain(expr)
      if (expr.op === 'or') return isNumericOrFalse(expr.left) && isNumeric(expr.right)
      return expr.op === 'and' && isNumeric(expr.left) && isNumeric(expr.right)
    default:
      return false
  }
}

/** Left-leaning chains may be long: walk them without recursion. */
function isNumericChain(chain: Expr): boolean {
  let at = chain
  while (at.kind === 'binary' && isArithmetic(at.op)) {
    if (!isNumeric(at.right)) return false
    at = at.left
  }
  return isNumeric(at)
}

/** A number, or `x and number`: what may stand left of `or`. */
function isNumericOrFalse(expr: Expr): boolean {
  if (expr.kind === 'paren') return isNumericOrFalse(expr.inner)
  if (expr.kind === 'binary' && expr.op === 'and') return isNumeric(expr.right)
  return isNumeric(expr)
}

/** Is the expression certainly a boolean? */
export function isBoolean(expr: Expr): boolean {
  switch (expr.kind) {
    case 'true':
    case 'false':
      return true
    case 'paren':
      return isBoolean(expr.inner)
    case 'unary':
      return expr.op === 'not'
    case 'binary':
      if (expr.op === 'and' || expr.op === 'or')
        return isBoolean(expr.left) && isBoolean(expr.right)
      return COMPARISONS.has(expr.op)
    default:
      return false
  }
}

/** The function that a callee certainly is, undefined when only the run will tell. */
export function constantCallee(callee: Expr): FunctionNode | undefined {
  return callee.kind === 'local' ? callee.variable.constant : undefined
}

/** Does the expression, taken as it is, give exactly one value? */
export function isSingle(expr: Expr): boolean {
  if (expr.kind === 'call') return constantCallee(expr.callee)?.isSingle === true
  return expr.kind !== 'method' && expr.kind !== 'vararg'
}

function fallsThrough(block: Block): boolean {
  const last = block.at(-1)
  switch (last?.kind) {
    case 'return':
      return false
    case 'do':
      return fallsThrough(last.body)
    case 'if':
      return (
        last.otherwise === undefined ||
        fallsThrough(last.otherwise) ||
        last.arms.some((arm) => fallsThrough(arm.body))
      )
    default:
      return true
  }
}
