import type { CallExpr, Expr, MethodExpr } from '../compiler/ast.ts'
import { constantCallee } from '../compiler/inference.ts'
import { describe } from './chunk-emitter.ts'
import type { ExpressionEmitter } from './expression-emitter.ts'
import { lineMark } from './line-layout.ts'

/** Registers that a call takes beside its arguments. */
const CALL_REGISTERS = 4

/**
 * Generates calls. The text of a callee ends with its site number right before the parenthesis of
 * the arguments: that is how an error raised by a library function finds the name it was called by.
 */
export class CallEmitter {
  private readonly exprs: ExpressionEmitter

  constructor(exprs: ExpressionEmitter) {
    this.exprs = exprs
  }

  call(expr: CallExpr): string {
    const { args } = expr
    return this.exprs.fn.withRegisters(args.length + CALL_REGISTERS, () => {
      const callee = this.callee(expr)
      return this.finish(`${callee}${lineMark(expr.line)}(${this.exprs.list(args)})`)
    })
  }

  method(expr: MethodExpr): string {
    const { exprs } = this
    const { fn } = exprs
    return fn.withRegisters(expr.args.length + CALL_REGISTERS, () => {
      const object = fn.alloc()
      const callee = fn.alloc()
      const mark = lineMark(expr.line)
      const find = `${mark}${exprs.helper('method')}(${object}=${exprs.one(expr.object)},`
      const key = `${JSON.stringify(expr.name)},${fn.chunk.site(expr.object)},$S)`
      const site = fn.chunk.namedSite(`method '${expr.name}'`)
      const target = this.checked(callee, `${find}${key}`, site)
      fn.free(callee)
      // The object is read before the other arguments run, so they may use its temporary.
      fn.free(object)
      const rest = expr.args.length > 0 ? `,${exprs.list(expr.args)}` : ''
      return this.finish(`${target}${mark}(${object}${rest})`)
    })
  }

  private callee(expr: CallExpr): string {
    const { exprs } = this
    if (constantCallee(expr.callee) !== undefined) return this.body(exprs.one(expr.callee))
    const site = exprs.fn.chunk.namedSite(describe(expr.callee))
    const temp = exprs.fn.alloc()
    const code = this.checked(temp, exprs.one(expr.callee), site)
    exprs.fn.free(temp)
    return code
  }

  /** A callable: the function itself, or what calls `__call` or raises the error afterwards. */
  private checked(temp: string, value: string, site: number): string {
    const otherwise = `${this.exprs.helper('callable')}(${temp},${site})`
    return `(typeof(${temp}=${value})==='function'?${this.body(temp)}:${otherwise})`
  }

  /** In a chunk with coroutines the generator behind a function is called, where there is one. */
  private body(fn: string): string {
    return this.exprs.fn.chunk.modes.coroutines ? `(${fn}.body||${fn})` : fn
  }

  /** In a chunk with coroutines the callee may be a generator that must be run through. */
  private finish(call: string): string {
    const { exprs } = this
    if (!exprs.fn.chunk.modes.coroutines) return call
    const temp = exprs.fn.alloc()
    const body = `((${temp}=${call})instanceof ${exprs.helper('Running')}?yield*${temp}:${temp})`
    exprs.fn.free(temp)
    return body
  }
}

/** Can evaluating the expression neither run code nor be affected by code that runs later? */
export function isSimple(expr: Expr): boolean {
  switch (expr.kind) {
    case 'nil':
    case 'true':
    case 'false':
    case 'number':
    case 'string':
    case 'local':
      return true
    case 'paren':
      return isSimple(expr.inner)
    default:
      return false
  }
}
