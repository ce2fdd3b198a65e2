import type { AssignStat, Block, Expr, IfStat, LocalStat, LocalVar, Stat } from '../compiler/ast.ts'
import { isSingle } from '../compiler/inference.ts'
import { isSimple } from './call-emitter.ts'
import type { FunctionEmitter } from './function-emitter.ts'
import { lineMark } from './line-layout.ts'
import { emitGenericFor, emitNumericFor } from './loop-emitter.ts'

/** Generates JavaScript statements. */
export class StatementEmitter {
  readonly fn: FunctionEmitter

  constructor(fn: FunctionEmitter) {
    this.fn = fn
  }

  block(block: Block): string {
    let code = ''
    for (const stat of block) code += lineMark(stat.line) + this.statement(stat)
    return code
  }

  private statement(stat: Stat): string {
    const { expressions } = this.fn
    switch (stat.kind) {
      case 'callstat':
        return `${expressions.many(stat.call)};`
      case 'localdecl':
        return this.localDeclaration(stat)
      case 'localfunction': {
        // Declared first: the function sees itself.
        const { id } = stat.variable
        return `let ${id};${id}=${this.fn.closure(stat.fn)};`
      }
      case 'assign':
        return this.assignment(stat)
      case 'if':
        return this.conditional(stat)
      case 'while': {
        const test = expressions.condition(stat.test)
        return `while(${test}){${this.tick()}${this.block(stat.body)}}`
      }
      case 'repeat': {
        const body = this.block(stat.body)
        const isDone = endsAlways(stat.body) ? '' : `if(${expressions.condition(stat.test)})break;`
        return `for(;;){${this.tick()}${body}${isDone}}`
      }
      case 'for':
        return emitNumericFor(this, stat)
      case 'forin':
        return emitGenericFor(this, stat)
      case 'do':
        return `{${this.block(stat.body)}}`
      case 'break':
        return 'break;'
      case 'return':
        return this.returnStatement(stat.values)
    }
  }

  /** Counts a turn of a loop. */
  tick(): string {
    return `if(--$n<0)$n=${this.fn.chunk.helper('c')}.turn();`
  }

  private conditional(stat: IfStat): string {
    const { expressions } = this.fn
    const arms = stat.arms.map(
      (arm) => `if(${expressions.condition(arm.test)}){${this.block(arm.body)}}`,
    )
    const otherwise = stat.otherwise === undefined ? '' : `else{${this.block(stat.otherwise)}}`
    return arms.join('else ') + otherwise
  }

  private returnStatement(values: readonly Expr[]): string {
    const { expressions } = this.fn
    const [only] = values
    if (only === undefined) return this.fn.leave(this.fn.chunk.helper('none'))
    if (values.length > 1) return this.fn.leaveWith(`[${expressions.list(values)}]`)
    if (isSimple(only)) return this.fn.leave(expressions.one(only))
    return this.fn.leaveWith(expressions.many(only))
  }

  private localDeclaration(stat: LocalStat): string {
    const { variables, values } = stat
    const last = values.at(-1)
    const isOpen = last !== undefined && values.length <= variables.length && !isSingle(last)
    if (isOpen && values.length < variables.length) return this.openDeclaration(variables, values)
    const { expressions } = this.fn
    const code = variables.map((variable, i) => {
      const value = values[i]
      return `let ${variable.id}${value === undefined ? '' : `=${expressions.one(value)}`};`
    })
    for (const extra of values.slice(variables.length)) code.push(`${expressions.many(extra)};`)
    return code.join('')
  }

  /** `local a, b = x, f()`: the last value fills what is left. */
  private openDeclaration(variables: readonly LocalVar[], values: readonly Expr[]): string {
    const { expressions } = this.fn
    const single = values.length - 1
    const code = variables
      .slice(0, single)
      .map((variable, i) => `let ${variable.id}=${expressions.one(values[i] as Expr)};`)
    const temp = this.fn.alloc()
    code.push(`${temp}=${expressions.spreadable(values[single] as Expr)};`)
    variables.slice(single).forEach((variable, i) => {
      code.push(`let ${variable.id}=${temp}[${i}];`)
    })
    this.fn.free(temp)
    return code.join('')
  }

  private assignment(stat: AssignStat): string {
    const { expressions } = this.fn
    const [target] = stat.targets
    const [value] = stat.values
    if (
      target !== undefined &&
      value !== undefined &&
      stat.targets.length === 1 &&
      stat.values.length === 1
    ) {
      return this.store(this.prepare(target, false), expressions.one(value))
    }
    return this.multipleAssignment(stat)
  }

  /** Evaluates all tables and keys, then all values, then assigns from right to left. */
  private multipleAssignment(stat: AssignStat): string {
    const { expressions } = this.fn
    const { targets, values } = stat
    const temps: string[] = []
    const code: string[] = []
    const hold = (value: string): string => {
      const temp = this.fn.alloc()
      temps.push(temp)
      code.push(`${temp}=${value};`)
      return temp
    }
    const places = targets.map((target) => this.prepare(target, true, hold))
    const stores: string[] = []
    values.forEach((value, i) => {
      const isLast = i === values.length - 1
      if (isLast && i < targets.length - 1 && !isSingle(value)) {
        const rest = hold(expressions.spreadable(value))
        for (let j = i; j < targets.length; j++) stores.push(`${rest}[${j - i}]`)
      } else if (i < targets.length) {
        stores.push(hold(expressions.one(value)))
      } else {
        code.push(`${expressions.many(value)};`)
      }
    })
    for (let i = targets.length - 1; i >= 0; i--) {
      code.push(this.store(places[i] as Place, stores[i] ?? 'undefined'))
    }
    this.fn.free(...temps)
    return code.join('')
  }

  /** Generates the parts of a target; `hold` keeps them in temporaries. */
  private prepare(target: Expr, isHeld: boolean, hold?: (value: string) => string): Place {
    const { expressions } = this.fn
    if (target.kind === 'local') return { kind: 'local', name: target.variable.id }
    if (target.kind === 'global') {
      const key = JSON.stringify(target.name)
      const site = this.fn.chunk.site(undefined)
      return { kind: 'field', table: this.fn.env, key, site, line: target.line }
    }
    if (target.kind !== 'index') throw new TypeError('not a target of an assignment')
    const keep = isHeld && hold !== undefined ? hold : (value: string) => value
    const site = this.fn.chunk.site(target.object)
    const table = keep(expressions.one(target.object))
    const { line } = target
    if (target.key.kind === 'string') {
      return { kind: 'field', table, key: JSON.stringify(target.key.value), site, line }
    }
    const isSafe = isSimple(target.key) && target.key.kind !== 'local'
    const key = expressions.one(target.key)
    return { kind: 'index', table, key: isSafe ? key : keep(key), site, line }
  }

  private store(place: Place, value: string): string {
    if (place.kind === 'local') return `${place.name}=${value};`
    const { table, key, site, line } = place
    const mark = lineMark(line)
    const helper = this.fn.chunk.helper(place.kind === 'field' ? 'setField' : 'setIndex')
    const slots = place.kind === 'field' ? ',$S' : ''
    return `${mark}${helper}(${table},${key},${value},${site}${slots});`
  }
}

type Place =
  | { readonly kind: 'local'; readonly name: string }
  | {
      readonly kind: 'field' | 'index'
      readonly table: string
      readonly key: string
      readonly site: number
      readonly line: number
    }

/** A body that ends in return or break never reaches the condition of its repeat. */
function endsAlways(block: Block): boolean {
  const kind = block.at(-1)?.kind
  return kind === 'return' || kind === 'break'
}
