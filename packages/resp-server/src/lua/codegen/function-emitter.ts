import type { Block, FunctionNode } from '../compiler/ast.ts'
import type { ChunkEmitter } from './chunk-emitter.ts'
import { ExpressionEmitter } from './expression-emitter.ts'
import { StatementEmitter } from './statement-emitter.ts'

/** Words of stack that any frame takes, beside its registers. */
const FRAME_WORDS = 16

/** Generates one Lua function as one JavaScript function expression. */
export class FunctionEmitter {
  readonly chunk: ChunkEmitter
  readonly node: FunctionNode
  /** The JavaScript name of the environment table. */
  readonly env: string
  readonly expressions: ExpressionEmitter
  readonly statements: StatementEmitter
  /** The JavaScript name of the extra arguments. */
  readonly varargs: string
  private readonly outerEnv: string
  private readonly freeTemps: string[] = []
  private readonly temps: string[] = []
  private zeroConstant: number | undefined = undefined
  private registers = 0
  private maxRegisters = 0

  constructor(chunk: ChunkEmitter, node: FunctionNode, env: string) {
    this.chunk = chunk
    this.node = node
    this.outerEnv = env
    this.env = chunk.modes.environments ? chunk.uniqueName('E') : env
    this.varargs = chunk.uniqueName('va')
    this.expressions = new ExpressionEmitter(this)
    this.statements = new StatementEmitter(this)
  }

  emit(): string {
    const { node } = this
    const body = this.statements.block(node.body)
    const end = endsInReturn(node.body) ? '' : this.leave(this.chunk.helper('none'))
    // The frame's size is known only now, behind the body that mentions it.
    const code = (this.prologue() + body + end).replaceAll(this.wordsMark, String(this.words()))
    const params = node.params.map((each) => each.id)
    if (node.isVararg) params.push(`...${this.varargs}`)
    const head = `(${params.join(',')}){${code}}`
    if (!this.chunk.modes.environments) return this.wrap(head)
    return this.withEnvironment(head)
  }

  private wrap(head: string): string {
    if (!this.chunk.modes.coroutines) return `function${head}`
    return `${this.chunk.helper('gen')}(function*${head})`
  }

  /** A closure whose environment setfenv can replace: it starts with its creator's. */
  private withEnvironment(head: string): string {
    const { env } = this
    const register = this.chunk.helper('closure')
    const closure = `${register}(${this.wrap(head)},()=>${env},($v)=>{${env}=$v})`
    return `(($o)=>{let ${env}=$o;return ${closure}})(${this.outerEnv})`
  }

  /** Declares temporaries and accounts for the call. */
  private prologue(): string {
    const { node } = this
    let code = ''
    if (this.isCounted) {
      const context = this.chunk.helper('c')
      code += `if((${context}.words+=${this.wordsMark})>${context}.limit)${context}.overflow();`
      code += `if(--${context}.fuel<0)${context}.spend();`
    }
    const names = node.hasLoops ? ['$n=64', ...this.temps] : this.temps
    if (names.length > 0) code += `let ${names.join(',')};`
    if (node.arg !== undefined) {
      const value = node.usesVararg ? '' : `=${this.chunk.helper('args')}(${this.varargs})`
      code += `let ${node.arg.id}${value};`
    }
    return code
  }

  /** Functions that call nothing cannot recurse and are not counted. */
  private get isCounted(): boolean {
    return this.node.hasCalls
  }

  private words(): number {
    const { node } = this
    return (
      FRAME_WORDS + node.params.length + node.localCount + this.temps.length + this.maxRegisters
    )
  }

  /** Statements that return a value which is at hand. */
  leave(value: string): string {
    if (!this.isCounted) return `return ${value};`
    return `return (${this.release()},${value});`
  }

  /** Statements that compute a value, then return it. */
  leaveWith(code: string): string {
    if (!this.isCounted) return `return (${code});`
    const temp = this.alloc()
    this.free(temp)
    return `return (${temp}=${code},${this.release()},${temp});`
  }

  private release(): string {
    return `${this.chunk.helper('c')}.words-=${this.wordsMark}`
  }

  private get wordsMark(): string {
    return `$w${this.varargs}`
  }

  /**
   * Lua keeps one constant for 0 and -0 in a function, because they are equal: the first one
   * written decides the sign of all.
   */
  zero(value: number): number {
    this.zeroConstant ??= value
    return this.zeroConstant
  }

  alloc(): string {
    const free = this.freeTemps.pop()
    if (free !== undefined) return free
    const name = `t${this.temps.length + 1}`
    this.temps.push(name)
    return name
  }

  free(...names: string[]): void {
    this.freeTemps.push(...names)
  }

  /** Notes that the code made inside needs so many registers at once. */
  withRegisters<T>(count: number, make: () => T): T {
    this.registers += count
    this.maxRegisters = Math.max(this.maxRegisters, this.registers)
    const made = make()
    this.registers -= count
    return made
  }

  /** An inner function. */
  closure(node: FunctionNode): string {
    return new FunctionEmitter(this.chunk, node, this.env).emit()
  }
}

function endsInReturn(block: Block): boolean {
  return block.at(-1)?.kind === 'return'
}
