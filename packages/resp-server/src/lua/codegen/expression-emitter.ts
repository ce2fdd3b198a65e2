import type { BinaryExpr, Expr } from '../compiler/ast.ts'
import { isBoolean, isSingle } from '../compiler/inference.ts'
import { emitBinary } from './binary-emitter.ts'
import { CallEmitter } from './call-emitter.ts'
import type { FunctionEmitter } from './function-emitter.ts'
import { lineMark } from './line-layout.ts'
import { emitTable } from './table-emitter.ts'

/** Generates JavaScript expressions; every result can stand as an operand. */
export class ExpressionEmitter {
  readonly fn: FunctionEmitter
  readonly calls: CallEmitter

  constructor(fn: FunctionEmitter) {
    this.fn = fn
    this.calls = new CallEmitter(this)
  }

  helper(name: string): string {
    return this.fn.chunk.helper(name)
  }

  /** Exactly one value. */
  one(expr: Expr): string {
    switch (expr.kind) {
      case 'nil':
        return 'undefined'
      case 'true':
      case 'false':
        return expr.kind
      case 'number':
        return numberLiteral(expr.value === 0 ? this.fn.zero(expr.value) : expr.value)
      case 'string':
        return JSON.stringify(expr.value)
      case 'local':
        return expr.variable.id
      case 'global':
        return this.global(expr.name, expr.line)
      case 'vararg':
        return `${this.fn.varargs}[0]`
      case 'paren':
        return this.one(expr.inner)
      case 'call':
      case 'method':
        return isSingle(expr) ? this.many(expr) : `${this.helper('first')}(${this.many(expr)})`
      case 'index':
        return this.index(expr.object, expr.key, expr.line)
      case 'unary':
        return this.unary(expr.op, expr.operand, expr.line)
      case 'binary':
        return this.binary(expr)
      case 'table':
        return emitTable(this, expr)
      case 'function':
        return this.fn.closure(expr)
    }
  }

  /** All values: a value or an array, as functions return them. */
  many(expr: Expr): string {
    switch (expr.kind) {
      case 'call':
        return this.calls.call(expr)
      case 'method':
        return this.calls.method(expr)
      case 'vararg':
        return this.fn.varargs
      default:
        return this.one(expr)
    }
  }

  /** A JavaScript condition that holds when the value is neither nil nor false. */
  condition(expr: Expr): string {
    switch (expr.kind) {
      case 'nil':
      case 'false':
        return 'false'
      case 'true':
      case 'number':
      case 'string':
      case 'table':
      case 'function':
        return 'true'
      case 'paren':
        return this.condition(expr.inner)
      case 'unary':
        if (expr.op === 'not') return `!(${this.condition(expr.operand)})`
        break
      case 'binary':
        if (expr.op === 'and' || expr.op === 'or') return this.chainCondition(expr)
        if (isBoolean(expr)) return this.one(expr)
        break
      case 'local':
        return `(${expr.variable.id}!==undefined&&${expr.variable.id}!==false)`
    }
    const temp = this.fn.alloc()
    const code = `((${temp}=${this.one(expr)})!==undefined&&${temp}!==false)`
    this.fn.free(temp)
    return code
  }

  /** `a and b and c` as conditions: walked without recursion, the chain may be long. */
  private chainCondition(expr: BinaryExpr): string {
    const parts: string[] = []
    let at: Expr = expr
    while (at.kind === 'binary' && at.op === expr.op) {
      parts.push(this.condition(at.right))
      at = at.left
    }
    parts.push(this.condition(at))
    return `(${parts.reverse().join(expr.op === 'and' ? '&&' : '||')})`
  }

  /** Arguments or list items, the last one spread when it gives many values. */
  list(exprs: readonly Expr[]): string {
    const parts = exprs.map((expr, i) => {
      if (i < exprs.length - 1 || isSingle(expr)) return this.one(expr)
      return `...${this.spreadable(expr)}`
    })
    return parts.join(',')
  }

  /** An array of all values of a call or `...`. */
  spreadable(expr: Expr): string {
    if (expr.kind === 'vararg') return this.fn.varargs
    return `${this.helper('list')}(${this.many(expr)})`
  }

  index(object: Expr, key: Expr, line: number): string {
    const site = this.fn.chunk.site(object)
    const table = this.one(object)
    const mark = lineMark(line)
    if (key.kind === 'string') {
      const name = JSON.stringify(key.value)
      return `${mark}${this.helper('field')}(${table},${name},${site},$S)`
    }
    return `${mark}${this.helper('index')}(${table},${this.one(key)},${site})`
  }

  global(name: string, line: number): string {
    const site = this.fn.chunk.site(undefined)
    const key = JSON.stringify(name)
    return `${lineMark(line)}${this.helper('field')}(${this.fn.env},${key},${site},$S)`
  }

  private unary(op: '-' | 'not' | '#', operand: Expr, line: number): string {
    if (op === 'not') return `!${this.condition(operand)}`
    const site = this.fn.chunk.site(operand)
    const helper = this.helper(op === '-' ? 'minus' : 'length')
    return `${lineMark(line)}${helper}(${this.one(operand)},${site})`
  }

  private binary(expr: BinaryExpr): string {
    return emitBinary(this, expr)
  }
}

/** A number as JavaScript text; never an identifier that could be shadowed. */
export function numberLiteral(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '(1/0)'
  if (value === Number.NEGATIVE_INFINITY) return '(-1/0)'
  if (Number.isNaN(value)) return '(0/0)'
  if (value < 0 || Object.is(value, -0)) return `(-${Math.abs(value)})`
  return String(value)
}
