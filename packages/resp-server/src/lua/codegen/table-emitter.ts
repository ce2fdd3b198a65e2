import type { Expr, TableExpr, TableItem } from '../compiler/ast.ts'
import { isSingle } from '../compiler/inference.ts'
import { isSimple } from './call-emitter.ts'
import type { ExpressionEmitter } from './expression-emitter.ts'
import { lineMark } from './line-layout.ts'

/**
 * Generates a table constructor: one call with a literal array of the positional items and literal
 * arrays of keys and values when that keeps the order of evaluation, else one list in source order.
 */
export function emitTable(exprs: ExpressionEmitter, expr: TableExpr): string {
  const { items } = expr
  if (items.length === 0) return `new ${exprs.helper('Table')}()`
  return canSplit(items) ? splitTable(exprs, items) : orderedTable(exprs, expr)
}

/** Constant, different string keys; and no two item kinds that both run code. */
function canSplit(items: readonly TableItem[]): boolean {
  const names = new Set<string>()
  let fields = 0
  for (const { key } of items) {
    if (key === undefined) continue
    if (key.kind !== 'string' || names.has(key.value)) return false
    names.add(key.value)
    fields++
  }
  return fields === 0 || fields === items.length || items.every((item) => isSimple(item.value))
}

function splitTable(exprs: ExpressionEmitter, items: readonly TableItem[]): string {
  const positional: Expr[] = []
  const keys: string[] = []
  const values: string[] = []
  for (const { key, value } of items) {
    if (key === undefined) positional.push(value)
    else if (key.kind === 'string') {
      keys.push(JSON.stringify(key.value))
      values.push(exprs.one(value))
    }
  }
  const last = positional.at(-1)
  const isOpen = last !== undefined && items.at(-1)?.value === last && !isSingle(last)
  const list = isOpen ? exprs.list(positional) : positional.map((each) => exprs.one(each)).join(',')
  const array = `[undefined${positional.length > 0 ? ',' : ''}${list}]`
  if (keys.length === 0) return `${exprs.helper('arrayTable')}(${array})`
  const fields = `[undefined,${keys.join(',')}],[undefined,${values.join(',')}]`
  return `${exprs.helper('recordTable')}(${array},${fields})`
}

/** One list of values in source order, and a layout: `p` takes one value, `k` a key and a value. */
function orderedTable(exprs: ExpressionEmitter, expr: TableExpr): string {
  const parts: string[] = []
  let layout = ''
  let rest = ''
  expr.items.forEach(({ key, value }, i) => {
    if (key !== undefined) {
      layout += 'k'
      parts.push(exprs.one(key), exprs.one(value))
    } else if (i === expr.items.length - 1 && !isSingle(value)) {
      rest = `,${exprs.spreadable(value)}`
    } else {
      layout += 'p'
      parts.push(exprs.one(value))
    }
  })
  const helper = `${lineMark(expr.line)}${exprs.helper('orderedTable')}`
  return `${helper}('${layout}',[${parts.join(',')}]${rest})`
}
