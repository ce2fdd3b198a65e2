import type { Block, Expr, LocalVar, Stat } from './ast.ts'
import { parsePrimary } from './expression-parser.ts'
import type { Parser } from './parser.ts'

export function parseStatement(parser: Parser): Stat {
  const { lexer } = parser
  const { line } = lexer
  switch (lexer.type) {
    case 'if':
      return parseIf(parser, line)
    case 'while':
      return parseWhile(parser, line)
    case 'do': {
      lexer.next()
      const body = parser.parseBlock(false)
      parser.expectMatch('end', 'do', line)
      return { kind: 'do', body, line }
    }
    case 'for':
      return parseFor(parser, line)
    case 'repeat':
      return parseRepeat(parser, line)
    case 'function':
      return parseFunction(parser, line)
    case 'local':
      lexer.next()
      return parser.accept('function') ? parseLocalFunction(parser, line) : parseLocal(parser, line)
    case 'return':
      return parseReturn(parser, line)
    case 'break':
      lexer.next()
      if (!parser.scope.isInLoop) throw lexer.syntaxError('no loop to break')
      return { kind: 'break', line }
    default:
      return parseExprStatement(parser, line)
  }
}

function parseIf(parser: Parser, line: number): Stat {
  const { lexer } = parser
  const arms: { test: Expr; body: Block }[] = []
  do {
    lexer.next()
    const test = parser.parseExpr()
    parser.expect('then')
    arms.push({ test, body: parser.parseBlock(false) })
  } while ((lexer.type as string) === 'elseif')
  const otherwise = parser.accept('else') ? parser.parseBlock(false) : undefined
  parser.expectMatch('end', 'if', line)
  return { kind: 'if', arms, otherwise, line }
}

function parseWhile(parser: Parser, line: number): Stat {
  parser.lexer.next()
  const test = parser.parseExpr()
  parser.expect('do')
  parser.scope.node.hasLoops = true
  const body = parser.parseBlock(true)
  parser.expectMatch('end', 'while', line)
  return { kind: 'while', test, body, line }
}

function parseRepeat(parser: Parser, line: number): Stat {
  parser.lexer.next()
  parser.scope.node.hasLoops = true
  // The condition sees the locals of the body.
  parser.scope.enterBlock(true)
  const body = parser.parseStatements()
  parser.expectMatch('until', 'repeat', line)
  const test = parser.parseExpr()
  parser.scope.leaveBlock()
  return { kind: 'repeat', test, body, line }
}

function parseFor(parser: Parser, line: number): Stat {
  parser.lexer.next()
  parser.scope.node.hasLoops = true
  const name = parser.expectName()
  switch (parser.lexer.type) {
    case '=':
      return parseNumericFor(parser, name, line)
    case ',':
    case 'in':
      return parseGenericFor(parser, name, line)
    default:
      throw parser.lexer.syntaxError("'=' or 'in' expected")
  }
}

function parseNumericFor(parser: Parser, name: string, line: number): Stat {
  parser.lexer.next()
  const start = parser.parseExpr()
  parser.expect(',')
  const limit = parser.parseExpr()
  const step = parser.accept(',') ? parser.parseExpr() : undefined
  parser.expect('do')
  const variable = parser.declare(name)
  variable.given.push({ kind: 'number', value: 0 })
  const body = parser.parseBlock(true, [variable])
  parser.expectMatch('end', 'for', line)
  return { kind: 'for', variable, start, limit, step, body, line }
}

function parseGenericFor(parser: Parser, name: string, line: number): Stat {
  const names = [name]
  while (parser.accept(',')) names.push(parser.expectName())
  parser.expect('in')
  const exprs = parser.parseExprList()
  parser.expect('do')
  parser.scope.node.hasCalls = true
  const variables = names.map((each) => {
    const variable = parser.declare(each)
    variable.given.push(undefined)
    return variable
  })
  const body = parser.parseBlock(true, variables)
  parser.expectMatch('end', 'for', line)
  return { kind: 'forin', variables, exprs, body, line }
}

function parseFunction(parser: Parser, line: number): Stat {
  const { lexer } = parser
  lexer.next()
  let target = parser.nameExpr(parser.expectName())
  let hasSelf = false
  while (lexer.type === '.' || lexer.type === ':') {
    hasSelf = lexer.type === ':'
    lexer.next()
    const key: Expr = { kind: 'string', value: parser.expectName() }
    target = { kind: 'index', object: target, key, line: lexer.lastLine }
    if (hasSelf) break
  }
  const fn = parser.parseFunctionBody(line, hasSelf)
  noteAssignment(target, fn)
  return { kind: 'assign', targets: [target], values: [fn], line }
}

function parseLocalFunction(parser: Parser, line: number): Stat {
  const variable = parser.declare(parser.expectName())
  parser.scope.activate([variable])
  const fn = parser.parseFunctionBody(parser.lexer.lastLine, false)
  variable.given.push(fn)
  return { kind: 'localfunction', variable, fn, line }
}

function parseLocal(parser: Parser, line: number): Stat {
  const variables: LocalVar[] = []
  do {
    variables.push(parser.declare(parser.expectName()))
  } while (parser.accept(','))
  const values = parser.accept('=') ? parser.parseExprList() : []
  parser.scope.activate(variables)
  variables.forEach((variable, i) => {
    variable.given.push(valueAt(values, i))
  })
  return { kind: 'localdecl', variables, values, line }
}

function parseReturn(parser: Parser, line: number): Stat {
  const { lexer } = parser
  lexer.next()
  const { type } = lexer
  const isEmpty =
    type === ';' ||
    type === '<eof>' ||
    type === 'end' ||
    type === 'else' ||
    type === 'elseif' ||
    type === 'until'
  const values = isEmpty ? [] : parser.parseExprList()
  parser.scope.node.returns.push(values)
  return { kind: 'return', values, line }
}

function parseExprStatement(parser: Parser, line: number): Stat {
  const first = parsePrimary(parser)
  if (first.kind === 'call' || first.kind === 'method')
    return { kind: 'callstat', call: first, line }
  const targets = [checkTarget(parser, first)]
  while (parser.accept(',')) targets.push(checkTarget(parser, parsePrimary(parser)))
  parser.expect('=')
  const values = parser.parseExprList()
  targets.forEach((target, i) => {
    noteAssignment(target, valueAt(values, i))
  })
  return { kind: 'assign', targets, values, line }
}

function checkTarget(parser: Parser, target: Expr): Expr {
  const { kind } = target
  if (kind === 'local' || kind === 'global' || kind === 'index') return target
  throw parser.lexer.syntaxError('syntax error')
}

function noteAssignment(target: Expr, value: Expr | undefined): void {
  if (target.kind !== 'local') return
  target.variable.assigned = true
  target.variable.given.push(value)
}

/** The expression that gives value `i` of a list, undefined when it is a part of many results. */
function valueAt(values: readonly Expr[], i: number): Expr | undefined {
  const isLast = i >= values.length - 1
  const value = values[i]
  if (value === undefined) return isOpen(values.at(-1)) ? undefined : { kind: 'nil' }
  return isLast && isOpen(value) ? undefined : value
}

/** Does the expression give as many values as are wanted? */
function isOpen(expr: Expr | undefined): boolean {
  return expr?.kind === 'call' || expr?.kind === 'method' || expr?.kind === 'vararg'
}
