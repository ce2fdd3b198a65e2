import type { Block, Expr, FunctionNode, LocalVar } from './ast.ts'
import { parseBinary } from './expression-parser.ts'
import { Lexer } from './lexer.ts'
import { FunctionScope } from './scope.ts'
import { parseStatement } from './statement-parser.ts'

/** Statements and expressions may nest this deep, as in Lua. */
const MAX_NESTING = 200

/** A parsed chunk: its main function and every local of it, for inference. */
export interface ParsedChunk {
  readonly main: FunctionNode
  readonly locals: readonly LocalVar[]
  readonly functions: readonly FunctionNode[]
  /** Global names that the text mentions. */
  readonly globals: ReadonlySet<string>
}

/** Parses Lua 5.1 source; throws LuaSyntaxError with Lua's own message. */
export function parseChunk(source: string, chunk: string): ParsedChunk {
  const parser = new Parser(source, chunk)
  return parser.parseMain()
}

/** What the statement and expression parsers share: the token stream, scopes and limits. */
export class Parser {
  readonly lexer: Lexer
  scope: FunctionScope
  private readonly locals: LocalVar[] = []
  private readonly functions: FunctionNode[] = []
  private readonly globals = new Set<string>()
  private depth = 0
  private ids = 0

  constructor(source: string, chunk: string) {
    this.lexer = new Lexer(source, chunk)
    this.scope = new FunctionScope(this.newFunction(0, undefined), undefined)
  }

  parseMain(): ParsedChunk {
    const main = this.scope.node
    main.isVararg = true
    this.lexer.next()
    main.body = this.parseBlock(false)
    if (this.lexer.type !== '<eof>') throw this.expected('<eof>')
    return { main, locals: this.locals, functions: this.functions, globals: this.globals }
  }

  /** Parses statements up to a block end, in a scope of its own. */
  parseBlock(isLoop: boolean, declared: readonly LocalVar[] = []): Block {
    this.scope.enterBlock(isLoop)
    this.scope.activate(declared)
    const block = this.parseStatements()
    this.scope.leaveBlock()
    return block
  }

  parseStatements(): Block {
    const block: Block = []
    this.enterLevel()
    for (;;) {
      if (this.isBlockEnd()) break
      const isLast = this.lexer.type === 'return' || this.lexer.type === 'break'
      const statement = parseStatement(this)
      block.push(statement)
      this.accept(';')
      if (isLast) break
    }
    this.leaveLevel()
    return block
  }

  private isBlockEnd(): boolean {
    const { type } = this.lexer
    return (
      type === '<eof>' || type === 'end' || type === 'else' || type === 'elseif' || type === 'until'
    )
  }

  parseExpr(): Expr {
    return parseBinary(this, 0)
  }

  parseExprList(): Expr[] {
    const list = [this.parseExpr()]
    while (this.accept(',')) list.push(this.parseExpr())
    return list
  }

  /** Parses parameters and body behind `function` and a possible name. */
  parseFunctionBody(line: number, hasSelf: boolean): FunctionNode {
    const { lexer } = this
    const node = this.newFunction(line, this.scope.node)
    this.scope = new FunctionScope(node, this.scope)
    this.scope.enterBlock(false)
    if (hasSelf) node.params.push(this.declare('self'))
    this.expect('(')
    if (lexer.type !== ')') this.parseParams(node)
    this.scope.activate(node.arg === undefined ? node.params : [...node.params, node.arg])
    this.expect(')')
    node.body = this.parseBlock(false)
    this.expectMatch('end', 'function', line)
    this.scope.leaveBlock()
    this.scope = this.scope.parent as FunctionScope
    return node
  }

  private parseParams(node: FunctionNode): void {
    do {
      if (this.lexer.type === '...') {
        this.lexer.next()
        node.isVararg = true
        node.arg = this.declare('arg')
        node.arg.given.push(undefined)
        return
      }
      if (this.lexer.type !== '<name>') throw this.lexer.syntaxError("<name> or '...' expected")
      node.params.push(this.declare(this.expectName()))
    } while (this.accept(','))
  }

  private newFunction(line: number, parent: FunctionNode | undefined): FunctionNode {
    const node: FunctionNode = {
      kind: 'function',
      line,
      parent,
      params: [],
      isVararg: false,
      usesVararg: false,
      arg: undefined,
      body: [],
      hasCalls: false,
      hasLoops: false,
      localCount: 0,
      upvalues: new Set(),
      returns: [],
      isSingle: false,
    }
    this.functions.push(node)
    return node
  }

  /** Makes a local that is not in sight yet. */
  declare(name: string): LocalVar {
    const variable = this.scope.declare(name, `l${++this.ids}`, this.lexer)
    this.locals.push(variable)
    return variable
  }

  /** The expression for a name in sight, or the global of that name. */
  nameExpr(name: string): Expr {
    const found = this.scope.resolve(name, this.lexer)
    if (found !== undefined) return { kind: 'local', ...found }
    this.globals.add(name)
    return { kind: 'global', name, line: this.lexer.lastLine }
  }

  enterLevel(): void {
    if (++this.depth > MAX_NESTING) {
      throw this.lexer.errorNear('chunk has too many syntax levels', undefined)
    }
  }

  leaveLevel(): void {
    this.depth--
  }

  accept(type: string): boolean {
    if (this.lexer.type !== type) return false
    this.lexer.next()
    return true
  }

  expect(type: string): void {
    if (this.lexer.type !== type) throw this.expected(type)
    this.lexer.next()
  }

  expectName(): string {
    if (this.lexer.type !== '<name>') throw this.expected('<name>')
    const { text } = this.lexer
    this.lexer.next()
    return text
  }

  expectMatch(what: string, opener: string, line: number): void {
    if (this.lexer.type === what) {
      this.lexer.next()
    } else if (line === this.lexer.line) {
      throw this.expected(what)
    } else {
      throw this.lexer.syntaxError(`'${what}' expected (to close '${opener}' at line ${line})`)
    }
  }

  expected(what: string): Error {
    return this.lexer.syntaxError(`'${what}' expected`)
  }
}
