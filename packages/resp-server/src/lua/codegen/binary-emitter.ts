import type { BinaryExpr, BinaryOp, Expr } from '../compiler/ast.ts'
import { isArithmetic, isNumeric } from '../compiler/inference.ts'
import { isSimple } from './call-emitter.ts'
import { describe } from './chunk-emitter.ts'
import type { ExpressionEmitter } from './expression-emitter.ts'
import { lineMark } from './line-layout.ts'

/** After so many steps a left-leaning chain is spilled to a temporary, or it would nest too deep. */
const CHAIN_SPILL = 40

/** An operand that is already generated. */
interface Operand {
  readonly code: string
  readonly isNumber: boolean
  /** Reading it has no effect. */
  readonly isSimple: boolean
  /** A variable of an outer function that may change: Lua copies it before it goes on. */
  readonly isShared: boolean
  readonly name: string | undefined
}

export function emitBinary(exprs: ExpressionEmitter, expr: BinaryExpr): string {
  switch (expr.op) {
    case 'and':
    case 'or':
      return logicalChain(exprs, expr)
    case '..':
      return concatChain(exprs, expr)
    case '==':
    case '~=':
      return equality(exprs, expr)
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const result = combine(exprs, expr, operand(exprs, expr.left))
      return result.code
    }
    default:
      return arithmeticChain(exprs, expr)
  }
}

function operand(exprs: ExpressionEmitter, expr: Expr): Operand {
  const inner = expr.kind === 'paren' ? expr.inner : expr
  const simple = isSimple(inner)
  return {
    code: exprs.one(inner),
    isNumber: isNumeric(inner),
    isSimple: simple,
    isShared: inner.kind === 'local' && inner.isUpvalue && inner.variable.assigned,
    name: describe(inner),
  }
}

function arithmeticChain(exprs: ExpressionEmitter, expr: BinaryExpr): string {
  const steps: BinaryExpr[] = []
  let at: Expr = expr
  while (at.kind === 'binary' && isArithmetic(at.op)) {
    steps.push(at)
    at = at.left
  }
  let left = operand(exprs, at)
  const spilled: string[] = []
  const temps: string[] = []
  for (let i = steps.length - 1; i >= 0; i--) {
    left = combine(exprs, steps[i] as BinaryExpr, left)
    if (i === 0 || (steps.length - i) % CHAIN_SPILL !== 0) continue
    const temp = exprs.fn.alloc()
    temps.push(temp)
    spilled.push(`${temp}=${left.code}`)
    left = { ...left, code: temp, isSimple: true }
  }
  exprs.fn.free(...temps)
  return spilled.length === 0 ? left.code : `(${spilled.join(',')},${left.code})`
}

/**
 * One arithmetic or ordering operation on a generated left operand. Both operands are evaluated
 * before the checks decide; a simple one is read as late as Lua reads a register.
 */
function combine(exprs: ExpressionEmitter, expr: BinaryExpr, left: Operand): Operand {
  const { fn } = exprs
  const isRightSimple = isSimple(expr.right)
  const isRightNumber = isNumeric(expr.right)
  const isNumber = left.isNumber && isRightNumber
  const before: string[] = []
  const checks: string[] = []
  const temps: string[] = []
  const hold = (): string => {
    const temp = fn.alloc()
    temps.push(temp)
    return temp
  }
  let l = left.code
  if (!isNumber && !(left.isSimple && (isRightSimple || !left.isShared))) {
    l = hold()
    if (isRightSimple && !left.isNumber) checks.push(`typeof(${l}=${left.code})==='number'`)
    else before.push(`${l}=${left.code}`)
  }
  if (!left.isNumber && checks.length === 0) checks.push(`typeof ${l}==='number'`)
  let r = fn.withRegisters(2, () => exprs.one(expr.right))
  if (!isNumber && !isRightSimple) {
    const temp = hold()
    before.push(`${temp}=${r}`)
    r = temp
  }
  if (!isRightNumber) checks.push(`typeof ${r}==='number'`)
  fn.free(...temps)
  const names = [left.name, describe(expr.right)] as const
  const code = assemble(exprs, expr, { l, r, before, checks, names })
  return { code, isNumber, isSimple: false, isShared: false, name: undefined }
}

interface Parts {
  readonly l: string
  readonly r: string
  readonly before: readonly string[]
  readonly checks: readonly string[]
  readonly names: readonly [string | undefined, string | undefined]
}

function assemble(exprs: ExpressionEmitter, expr: BinaryExpr, parts: Parts): string {
  const { l, r, before, checks, names } = parts
  const fast = fastPath(exprs, expr.op, l, r)
  const prefix = before.length === 0 ? '' : `${before.join(',')},`
  if (checks.length === 0) return `(${prefix}${fast})`
  const slow = slowPath(exprs, expr, l, r, names)
  return `(${prefix}${checks.join('&&')}?${fast}:${slow})`
}

function fastPath(exprs: ExpressionEmitter, op: BinaryOp, l: string, r: string): string {
  if (op === '%') return `${exprs.helper('mod')}(${l},${r})`
  if (op === '^') return `${exprs.helper('pow')}(${l},${r})`
  return `${l}${op}${r}`
}

const SLOW: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'slowMod',
  '^': 'slowPow',
}

function slowPath(
  exprs: ExpressionEmitter,
  expr: BinaryExpr,
  l: string,
  r: string,
  names: readonly [string | undefined, string | undefined],
): string {
  const mark = lineMark(expr.line)
  switch (expr.op) {
    case '<':
    case '<=':
      return `${mark}${exprs.helper(expr.op === '<' ? 'less' : 'lessEqual')}(${l},${r})`
    case '>':
    case '>=':
      return `${mark}${exprs.helper(expr.op === '>' ? 'less' : 'lessEqual')}(${r},${l})`
    default: {
      const { chunk } = exprs.fn
      const leftSite = names[0] === undefined ? 0 : chunk.namedSite(names[0])
      const rightSite = names[1] === undefined ? 0 : chunk.namedSite(names[1])
      const helper = exprs.helper(SLOW[expr.op] as string)
      return `${mark}${helper}(${l},${r},${leftSite},${rightSite})`
    }
  }
}

function equality(exprs: ExpressionEmitter, expr: BinaryExpr): string {
  const negated = expr.op === '~='
  const left = exprs.one(expr.left)
  const right = exprs.one(expr.right)
  // Only two tables or two userdata can be equal without being the same.
  if (isPrimitive(expr.left) || isPrimitive(expr.right)) {
    return `(${left}${negated ? '!==' : '==='}${right})`
  }
  return `${negated ? '!' : ''}${lineMark(expr.line)}${exprs.helper('equal')}(${left},${right})`
}

function isPrimitive(expr: Expr): boolean {
  if (expr.kind === 'paren') return isPrimitive(expr.inner)
  return (isSimple(expr) && expr.kind !== 'local') || isNumeric(expr)
}

/** `a..b..c` is one operation on the whole list, as in Lua. */
function concatChain(exprs: ExpressionEmitter, expr: BinaryExpr): string {
  const parts: Expr[] = []
  let at: Expr = expr
  while (at.kind === 'binary' && at.op === '..') {
    parts.push(at.left)
    at = at.right
  }
  parts.push(at)
  const { chunk } = exprs.fn
  const codes = exprs.fn.withRegisters(parts.length, () => parts.map((part) => exprs.one(part)))
  const firstSite = chunk.namedSite(describe(parts[0] as Expr))
  for (const part of parts.slice(1)) chunk.namedSite(describe(part))
  const mark = lineMark(expr.line)
  if (parts.length === 2) return `${mark}${exprs.helper('concat')}(${codes.join(',')},${firstSite})`
  return `${mark}${exprs.helper('concatMany')}([${codes.join(',')}],${firstSite})`
}

function logicalChain(exprs: ExpressionEmitter, expr: BinaryExpr): string {
  const steps: BinaryExpr[] = []
  let at: Expr = expr
  while (at.kind === 'binary' && (at.op === 'and' || at.op === 'or')) {
    steps.push(at)
    at = at.left
  }
  const temp = exprs.fn.alloc()
  let code = exprs.one(at)
  const spilled: string[] = []
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i] as BinaryExpr
    const right = exprs.one(step.right)
    const test = `(${temp}=${code})`
    code =
      step.op === 'and'
        ? `(${test}===undefined||${temp}===false?${temp}:${right})`
        : `(${test}!==undefined&&${temp}!==false?${temp}:${right})`
    if (i === 0 || (steps.length - i) % CHAIN_SPILL !== 0) continue
    spilled.push(`${temp}=${code}`)
    code = temp
  }
  exprs.fn.free(temp)
  return spilled.length === 0 ? code : `(${spilled.join(',')},${code})`
}
