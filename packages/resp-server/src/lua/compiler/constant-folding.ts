import { luaMod, luaPow } from '../arithmetic-rules.ts'
import type { BinaryOp, Expr } from './ast.ts'

/**
 * What Lua computes at compile time: arithmetic on two numbers, unless it divides by zero or gives
 * NaN, and `and` and `or` whose left side is decided. undefined for anything else.
 */
export function folded(op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
  if (op === 'and') {
    const isTrue = left.kind === 'true' || left.kind === 'number' || left.kind === 'string'
    return isTrue ? alone(right) : undefined
  }
  if (op === 'or') {
    const isFalse = left.kind === 'nil' || left.kind === 'false'
    return isFalse ? alone(right) : undefined
  }
  if (left.kind !== 'number' || right.kind !== 'number') return undefined
  const value = compute(op, left.value, right.value)
  return value === undefined || Number.isNaN(value) ? undefined : { kind: 'number', value }
}

/** The right side for the whole: one value, and nothing to assign to. */
function alone(expr: Expr): Expr {
  switch (expr.kind) {
    case 'nil':
    case 'true':
    case 'false':
    case 'number':
    case 'string':
      return expr
    default:
      return { kind: 'paren', inner: expr }
  }
}

/** `not` of a constant. */
export function foldedNot(operand: Expr): Expr | undefined {
  switch (operand.kind) {
    case 'nil':
    case 'false':
      return { kind: 'true' }
    case 'true':
    case 'number':
    case 'string':
      return { kind: 'false' }
    default:
      return undefined
  }
}

function compute(op: BinaryOp, a: number, b: number): number | undefined {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? undefined : a / b
    case '%':
      return b === 0 ? undefined : luaMod(a, b)
    case '^':
      return luaPow(a, b)
    default:
      return undefined
  }
}
