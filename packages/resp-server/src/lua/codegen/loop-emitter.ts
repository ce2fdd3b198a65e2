import type { Expr, GenericFor, NumericFor } from '../compiler/ast.ts'
import { isNumeric, isSingle } from '../compiler/inference.ts'
import { numberLiteral } from './expression-emitter.ts'
import { lineMark } from './line-layout.ts'
import type { StatementEmitter } from './statement-emitter.ts'

export function emitNumericFor(statements: StatementEmitter, stat: NumericFor): string {
  const { chunk, expressions } = statements.fn
  const { variable, step } = stat
  const bound = (expr: Expr, which: string): string => {
    const code = expressions.one(expr)
    return isNumeric(expr)
      ? code
      : `${lineMark(stat.line)}${chunk.helper('forNumber')}(${code},'${which}')`
  }
  // A body that assigns or captures the variable gets a copy of its own each turn.
  const isOwn = variable.assigned || variable.captured
  const counter = isOwn ? chunk.uniqueName('i') : variable.id
  const limit = chunk.uniqueName('m')
  const copy = isOwn ? `let ${variable.id}=${counter};` : ''
  const head = [`${counter}=${bound(stat.start, 'initial')}`]
  const limitCode = bound(stat.limit, 'limit')
  const isLimitConstant = stat.limit.kind === 'number'
  if (!isLimitConstant) head.push(`${limit}=${limitCode}`)
  const end = isLimitConstant ? limitCode : limit
  let test = `${counter}<=${end}`
  let advance = `${counter}++`
  if (step?.kind === 'number') {
    if (!(step.value > 0)) test = `${counter}>=${end}`
    if (step.value !== 1) advance = `${counter}+=${numberLiteral(step.value)}`
  } else if (step !== undefined) {
    const by = chunk.uniqueName('s')
    head.push(`${by}=${bound(step, 'step')}`)
    test = `(${by}>0?${counter}<=${end}:${counter}>=${end})`
    advance = `${counter}+=${by}`
  }
  const body = statements.block(stat.body)
  return `for(let ${head.join(',')};${test};${advance}){${statements.tick()}${copy}${body}}`
}

/**
 * A generic loop. When the iterator is `next` over a table or the one of `ipairs`, a cursor walks
 * the table without calls; the mode is decided once, by the values and not by names.
 */
export function emitGenericFor(statements: StatementEmitter, stat: GenericFor): string {
  const { fn } = statements
  const { chunk } = fn
  const [f, s, c, mode, at] = ['f', 's', 'c', 'k', 'i'].map((name) => chunk.uniqueName(name)) as [
    string,
    string,
    string,
    string,
    string,
  ]
  const mark = lineMark(stat.line)
  const start = startValues(statements, stat.exprs)
  const ids = stat.variables.map((variable) => variable.id)
  const first = ids[0] as string
  const second = ids[1]
  const rest = ids.slice(1)
  const walk =
    `if(${mode}===1){if((${at}=${s}.nextCursor(${at}))===0)break;${first}=${s}.cursorKey(${at});` +
    `${second === undefined ? '' : `${second}=${s}.cursorValue(${at});`}}` +
    `else if(${mode}===2){if((${c}=${s}.getNumber(++${at}))===undefined)break;${first}=${at};` +
    `${second === undefined ? '' : `${second}=${c};`}}`
  const result = fn.alloc()
  const call = `${result}=(typeof ${f}==='function'?${f}:${chunk.helper('callable')}(${f},0))${mark}(${s},${c})`
  const spread = rest.map((id, i) => `${id}=${result}[${i + 1}];`).join('')
  const general =
    `else{${call};if(Array.isArray(${result})){${first}=${result}[0];${spread}}else ${first}=${result};` +
    `if(${first}===undefined)break;${c}=${first};}`
  fn.free(result)
  const body = statements.block(stat.body)
  return (
    `{${result}=${start};let ${f}=${result}[0],${s}=${result}[1],${c}=${result}[2],${at}=0;` +
    `const ${mode}=${chunk.helper('walkMode')}(${f},${s},${c});` +
    `for(;;){${statements.tick()}let ${ids.join(',')};${walk}${general}${body}}}`
  )
}

function startValues(statements: StatementEmitter, exprs: readonly Expr[]): string {
  const { expressions } = statements.fn
  const [only] = exprs
  if (exprs.length === 1 && only !== undefined && !isSingle(only))
    return expressions.spreadable(only)
  return `[${expressions.list(exprs)}]`
}
