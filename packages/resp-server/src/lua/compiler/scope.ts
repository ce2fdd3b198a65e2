import type { FunctionNode, LocalVar } from './ast.ts'
import type { Lexer } from './lexer.ts'
import type { LuaSyntaxError } from './syntax-error.ts'

const MAX_LOCALS = 200
const MAX_UPVALUES = 60

interface BlockScope {
  readonly firstLocal: number
  readonly isLoop: boolean
}

/** Names in sight while one function is parsed. */
export class FunctionScope {
  readonly node: FunctionNode
  readonly parent: FunctionScope | undefined
  private readonly active: LocalVar[] = []
  private readonly blocks: BlockScope[] = []
  private pending = 0

  constructor(node: FunctionNode, parent: FunctionScope | undefined) {
    this.node = node
    this.parent = parent
  }

  enterBlock(isLoop: boolean): void {
    this.blocks.push({ firstLocal: this.active.length, isLoop })
  }

  leaveBlock(): void {
    this.active.length = (this.blocks.pop() as BlockScope).firstLocal
  }

  get isInLoop(): boolean {
    return this.blocks.some((block) => block.isLoop)
  }

  /** Makes a variable that comes into sight with {@link activate}. */
  declare(name: string, id: string, lexer: Lexer): LocalVar {
    this.pending++
    if (this.active.length + this.pending > MAX_LOCALS)
      throw this.limit(lexer, MAX_LOCALS, 'local variables')
    this.node.localCount++
    return {
      name,
      id,
      owner: this.node,
      captured: false,
      assigned: false,
      given: [],
      isNumber: false,
      constant: undefined,
    }
  }

  activate(variables: readonly LocalVar[]): void {
    this.active.push(...variables)
    this.pending = 0
  }

  /** Finds a name here or in the enclosing functions; marks captures. */
  resolve(name: string, lexer: Lexer): { variable: LocalVar; isUpvalue: boolean } | undefined {
    for (let i = this.active.length - 1; i >= 0; i--) {
      const variable = this.active[i] as LocalVar
      if (variable.name === name) return { variable, isUpvalue: false }
    }
    const outer = this.parent?.resolve(name, lexer)
    if (outer === undefined) return undefined
    outer.variable.captured = true
    this.node.upvalues.add(outer.variable)
    if (this.node.upvalues.size > MAX_UPVALUES) throw this.limit(lexer, MAX_UPVALUES, 'upvalues')
    return { variable: outer.variable, isUpvalue: true }
  }

  private limit(lexer: Lexer, count: number, what: string): LuaSyntaxError {
    const { line } = this.node
    const where = line === 0 ? 'main function' : `function at line ${line}`
    return lexer.errorNear(`${where} has more than ${count} ${what}`, undefined)
  }
}
