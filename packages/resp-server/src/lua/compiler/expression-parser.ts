import type { BinaryOp, CallExpr, Expr, MethodExpr, TableItem } from './ast.ts'
import { folded, foldedNot } from './constant-folding.ts'
import type { Parser } from './parser.ts'

/** Left and right binding power of the binary operators; right-associative ones bind less right. */
const POWERS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['or', [1, 1]],
  ['and', [2, 2]],
  ['<', [3, 3]],
  ['>', [3, 3]],
  ['<=', [3, 3]],
  ['>=', [3, 3]],
  ['~=', [3, 3]],
  ['==', [3, 3]],
  ['..', [5, 4]],
  ['+', [6, 6]],
  ['-', [6, 6]],
  ['*', [7, 7]],
  ['/', [7, 7]],
  ['%', [7, 7]],
  ['^', [10, 9]],
])
const UNARY_POWER = 8

/** Parses an expression whose operators bind tighter than the limit. */
export function parseBinary(parser: Parser, limit: number): Expr {
  const { lexer } = parser
  parser.enterLevel()
  let left = parseUnary(parser)
  for (;;) {
    const powers = POWERS.get(lexer.type)
    if (powers === undefined || powers[0] <= limit) break
    const op = lexer.type as BinaryOp
    lexer.next()
    const right = parseBinary(parser, powers[1])
    left = folded(op, left, right) ?? { kind: 'binary', op, left, right, line: lexer.lastLine }
  }
  parser.leaveLevel()
  return left
}

function parseUnary(parser: Parser): Expr {
  const { lexer } = parser
  const op = lexer.type
  if (op !== '-' && op !== 'not' && op !== '#') return parseSimple(parser)
  lexer.next()
  const operand = parseBinary(parser, UNARY_POWER)
  if (op === '-' && operand.kind === 'number') return { kind: 'number', value: -operand.value }
  const constant = op === 'not' ? foldedNot(operand) : undefined
  return constant ?? { kind: 'unary', op, operand, line: lexer.lastLine }
}

function parseSimple(parser: Parser): Expr {
  const { lexer } = parser
  switch (lexer.type) {
    case '<number>': {
      const { value } = lexer
      lexer.next()
      return { kind: 'number', value }
    }
    case '<string>': {
      const { text } = lexer
      lexer.next()
      return { kind: 'string', value: text }
    }
    case 'nil':
    case 'true':
    case 'false': {
      const kind = lexer.type
      lexer.next()
      return { kind }
    }
    case '...':
      if (!parser.scope.node.isVararg) {
        throw lexer.syntaxError("cannot use '...' outside a vararg function")
      }
      parser.scope.node.usesVararg = true
      lexer.next()
      return { kind: 'vararg' }
    case '{':
      return parseTable(parser)
    case 'function': {
      const { line } = lexer
      lexer.next()
      return parser.parseFunctionBody(line, false)
    }
    default:
      return parsePrimary(parser)
  }
}

function parseTable(parser: Parser): Expr {
  const { lexer } = parser
  const { line } = lexer
  const items: TableItem[] = []
  parser.expect('{')
  while (lexer.type !== '}') {
    items.push(parseTableItem(parser))
    if (!parser.accept(',') && !parser.accept(';')) break
  }
  parser.expectMatch('}', '{', line)
  return { kind: 'table', items, line }
}

function parseTableItem(parser: Parser): TableItem {
  const { lexer } = parser
  if (lexer.type === '<name>' && lexer.peek() === '=') {
    const key: Expr = { kind: 'string', value: parser.expectName() }
    parser.expect('=')
    return { key, value: parser.parseExpr() }
  }
  if (lexer.type === '[') {
    lexer.next()
    const key = parser.parseExpr()
    parser.expect(']')
    parser.expect('=')
    return { key, value: parser.parseExpr() }
  }
  return { key: undefined, value: parser.parseExpr() }
}

/** Parses a name or a parenthesised expression with its indexes and calls. */
export function parsePrimary(parser: Parser): Expr {
  const { lexer } = parser
  let expr = parsePrefix(parser)
  for (;;) {
    switch (lexer.type) {
      case '.': {
        lexer.next()
        const key: Expr = { kind: 'string', value: parser.expectName() }
        expr = { kind: 'index', object: expr, key, line: lexer.lastLine }
        break
      }
      case '[': {
        lexer.next()
        const key = parser.parseExpr()
        parser.expect(']')
        expr = { kind: 'index', object: expr, key, line: lexer.lastLine }
        break
      }
      case ':': {
        lexer.next()
        const name = parser.expectName()
        expr = parseCall(parser, expr, name)
        break
      }
      case '(':
      case '<string>':
      case '{':
        expr = parseCall(parser, expr, undefined)
        break
      default:
        return expr
    }
  }
}

function parsePrefix(parser: Parser): Expr {
  const { lexer } = parser
  if (lexer.type === '<name>') return parser.nameExpr(parser.expectName())
  if (lexer.type !== '(') throw lexer.syntaxError('unexpected symbol')
  const { line } = lexer
  lexer.next()
  const inner = parser.parseExpr()
  parser.expectMatch(')', '(', line)
  // Parentheses cut a list of results to one; around anything else they mean nothing.
  const isList = inner.kind === 'call' || inner.kind === 'method' || inner.kind === 'vararg'
  return isList || isAssignable(inner) ? { kind: 'paren', inner } : inner
}

/** `(x) = 1` must not parse, so a parenthesised variable is kept apart. */
function isAssignable(expr: Expr): boolean {
  return expr.kind === 'local' || expr.kind === 'global' || expr.kind === 'index'
}

function parseCall(parser: Parser, callee: Expr, name: string | undefined): CallExpr | MethodExpr {
  const { line } = parser.lexer
  const args = parseArgs(parser)
  parser.scope.node.hasCalls = true
  if (name === undefined) return { kind: 'call', callee, args, line }
  return { kind: 'method', object: callee, name, args, line }
}

function parseArgs(parser: Parser): Expr[] {
  const { lexer } = parser
  if (lexer.type === '<string>') {
    const { text } = lexer
    lexer.next()
    return [{ kind: 'string', value: text }]
  }
  if (lexer.type === '{') return [parseTable(parser)]
  if (lexer.type !== '(') throw lexer.syntaxError('function arguments expected')
  const { line } = lexer
  if (line !== lexer.lastLine) {
    throw lexer.syntaxError('ambiguous syntax (function call x new statement)')
  }
  lexer.next()
  const args = (lexer.type as string) === ')' ? [] : parser.parseExprList()
  parser.expectMatch(')', '(', line)
  return args
}
