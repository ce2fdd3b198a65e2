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
    if (isNumeric(expr)) return code
    return `${lineMark(stat.line)}${chunk.helper('forNumber')}(${code},'${which}')`
  }
  // A body that assigns or captures the variable gets a copy of its own each turn.
  const isOwn = variable.assigned || variable.captured
  const counter = isOwn ? chunk.uniqueName('i') : variable.id
  const copy = isOwn ? `let ${variable.id}=${counter};` : ''
  const [limit, by] = [chunk.uniqueName('m'), chunk.uniqueName('s')]
  const head = [
    `${counter}=${bound(stat.start, 'initial')}`,
    `${limit}=${bound(stat.limit, 'limit')}`,
  ]
  let test = `${counter}<=${limit}`
  let advance = `${counter}++`
  if (step === undefined || step.kind === 'number') {
    const value = step === undefined ? 1 : step.value
    if (!(value > 0)) test = `${counter}>=${limit}`
    if (value !== 1) advance = `${counter}+=${numberLiteral(value)}`
    const start = startValue(stat.start, value)
    if (start !== undefined) head[0] = `${counter}=${start}`
    else head.push(`${by}=${numberLiteral(value)}`)
    if (start === undefined) head.push(firstTurn(counter, by))
  } else {
    head.push(`${by}=${bound(step, 'step')}`, firstTurn(counter, by))
    test = `(${by}>0?${counter}<=${limit}:${counter}>=${limit})`
    advance = `${counter}+=${by}`
  }
  const body = statements.block(stat.body)
  return `for(let ${head.join(',')};${test};${advance}){${statements.tick()}${copy}${body}}`
}

/** Lua steps back once before the first turn, which shows in the last bits of fractions. */
function firstTurn(counter: string, by: string): string {
  return `$f=(${counter}=${counter}-${by}+${by})`
}

function startValue(start: Expr, step: number): string | undefined {
  return start.kind === 'number' ? numberLiteral(start.value - step + step) : undefined
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
