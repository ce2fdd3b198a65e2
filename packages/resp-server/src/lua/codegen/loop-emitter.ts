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

/** The JavaScript names of a generic loop's parts. */
interface Walk {
  readonly iterator: string
  readonly state: string
  readonly control: string
  /** How the loop walks, see `walkMode` of the runtime support. */
  readonly mode: string
  readonly cursor: string
  readonly variables: readonly string[]
}

/**
 * A generic loop. When the iterator is `next` over a table or the one of `ipairs`, a cursor walks
 * the table without calls; the mode is decided once, by the values and not by names.
 */
export function emitGenericFor(statements: StatementEmitter, stat: GenericFor): string {
  const { fn } = statements
  const { chunk } = fn
  const walk: Walk = {
    iterator: chunk.uniqueName('f'),
    state: chunk.uniqueName('s'),
    control: chunk.uniqueName('c'),
    mode: chunk.uniqueName('k'),
    cursor: chunk.uniqueName('i'),
    variables: stat.variables.map((variable) => variable.id),
  }
  const { iterator: f, state: s, control: c, mode, cursor } = walk
  const start = startValues(statements, stat.exprs)
  const temp = fn.alloc()
  const step = tableStep(walk) + callStep(statements, walk, { temp, line: stat.line })
  fn.free(temp)
  const body = statements.block(stat.body)
  return (
    `{${temp}=${start};let ${f}=${temp}[0],${s}=${temp}[1],${c}=${temp}[2],${cursor}=0;` +
    `const ${mode}=${chunk.helper('walkMode')}(${f},${s},${c});` +
    `for(;;){${statements.tick()}let ${walk.variables.join(',')};${step}${body}}}`
  )
}

/** One step over a table: by cursor in mode 1, by index in mode 2. */
function tableStep({ state: s, control: c, mode, cursor, variables }: Walk): string {
  const [first, second] = variables
  const byCursor =
    `if((${cursor}=${s}.nextCursor(${cursor}))===0)break;${first}=${s}.cursorKey(${cursor});` +
    (second === undefined ? '' : `${second}=${s}.cursorValue(${cursor});`)
  const byIndex =
    `if((${c}=${s}.getNumber(++${cursor}))===undefined)break;${first}=${cursor};` +
    (second === undefined ? '' : `${second}=${c};`)
  return `if(${mode}===1){${byCursor}}else if(${mode}===2){${byIndex}}`
}

/** One step by calling the iterator. */
function callStep(
  statements: StatementEmitter,
  { iterator: f, state: s, control: c, variables }: Walk,
  { temp, line }: { readonly temp: string; readonly line: number },
): string {
  const [first, ...rest] = variables
  const callable = `${statements.fn.chunk.helper('callable')}(${f},0)`
  const callee = `(typeof ${f}==='function'?${f}:${callable})`
  const spread = rest.map((id, i) => `${id}=${temp}[${i + 1}];`).join('')
  return (
    `else{${temp}=${callee}${lineMark(line)}(${s},${c});` +
    `if(Array.isArray(${temp})){${first}=${temp}[0];${spread}}else ${first}=${temp};` +
    `if(${first}===undefined)break;${c}=${first};}`
  )
}

function startValues(statements: StatementEmitter, exprs: readonly Expr[]): string {
  const { expressions } = statements.fn
  const [only] = exprs
  if (exprs.length === 1 && only !== undefined && !isSingle(only))
    return expressions.spreadable(only)
  return `[${expressions.list(exprs)}]`
}
