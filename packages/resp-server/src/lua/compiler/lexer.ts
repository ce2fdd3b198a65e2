import { stringToNumber } from '../number.ts'
import { LuaSyntaxError } from './syntax-error.ts'

/** What kind a token is; keywords and operators are their own text. */
export type TokenType = string

const KEYWORDS = new Set(
  (
    'and break do else elseif end false for function if in local nil not or repeat return then ' +
    'true until while'
  ).split(' '),
)

const isDigit = (c: number): boolean => c >= 48 && c <= 57
const isNameStart = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95
const isNamePart = (c: number): boolean => isNameStart(c) || isDigit(c)
const isLineEnd = (c: number): boolean => c === 10 || c === 13

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Cuts Lua source (latin1, one unit a byte) into tokens, one ahead of the parser. */
export class Lexer {
  readonly source: string
  readonly chunk: string
  /** The current token: a keyword, an operator, `<name>`, `<string>`, `<number>` or `<eof>`. */
  type: TokenType = '<eof>'
  /** The text of a name or string. */
  text = ''
  value = 0
  /** The line the reader stands on, and the line of the last token that was consumed. */
  line = 1
  lastLine = 1
  private at = 0
  private start = 0
  private peeked: { type: TokenType; text: string; value: number; raw: string } | undefined
  private raw = ''

  constructor(source: string, chunk: string) {
    this.source = source
    this.chunk = chunk
  }

  next(): void {
    this.lastLine = this.line
    const ahead = this.peeked
    if (ahead !== undefined) {
      this.peeked = undefined
      this.type = ahead.type
      this.text = ahead.text
      this.value = ahead.value
      this.raw = ahead.raw
      return
    }
    this.type = this.scan()
  }

  /** The type of the token after the current one. */
  peek(): TokenType {
    if (this.peeked === undefined) {
      const { type, text, value, raw } = this
      const aheadType = this.scan()
      this.peeked = { type: aheadType, text: this.text, value: this.value, raw: this.raw }
      this.type = type
      this.text = text
      this.value = value
      this.raw = raw
    }
    return this.peeked.type
  }

  /** An error at the current token. */
  syntaxError(message: string): LuaSyntaxError {
    return this.errorNear(message, this.describe())
  }

  errorNear(message: string, near: string | undefined): LuaSyntaxError {
    const suffix = near === undefined ? '' : ` near '${near}'`
    return new LuaSyntaxError(`${this.chunk}:${this.line}: ${message}${suffix}`)
  }

  private describe(): string {
    const { type } = this
    if (type === '<name>' || type === '<string>' || type === '<number>') return this.raw
    if (type.length === 1 && type.charCodeAt(0) < 32) return `char(${type.charCodeAt(0)})`
    return type
  }

  private scan(): TokenType {
    const { source } = this
    for (;;) {
      const c = source.charCodeAt(this.at)
      if (c === 32 || c === 9 || c === 11 || c === 12) this.at++
      else if (isLineEnd(c)) this.newLine()
      else if (c === 45 && source.charCodeAt(this.at + 1) === 45) this.skipComment()
      else return this.scanToken(c)
    }
  }

  private newLine(): void {
    const first = this.source.charCodeAt(this.at++)
    const second = this.source.charCodeAt(this.at)
    if (isLineEnd(second) && second !== first) this.at++
    this.line++
  }

  private scanToken(c: number): TokenType {
    const { source } = this
    this.start = this.at
    if (this.at >= source.length) return '<eof>'
    if (isNameStart(c)) return this.scanName()
    if (isDigit(c)) return this.scanNumber()
    const next = source.charCodeAt(this.at + 1)
    switch (c) {
      case 34:
      case 39:
        return this.scanString(c)
      case 91: {
        const level = this.longBracketLevel()
        if (level >= 0) return this.scanLongString(level)
        if (level === -1) return this.operator(1)
        const bracket = /^\[=*/.exec(source.slice(this.at))
        throw this.errorNear('invalid long string delimiter', bracket?.[0])
      }
      case 46:
        if (isDigit(next)) return this.scanNumber()
        if (next !== 46) return this.operator(1)
        return this.operator(source.charCodeAt(this.at + 2) === 46 ? 3 : 2)
      case 61:
      case 60:
      case 62:
      case 126:
        return this.operator(next === 61 ? 2 : 1)
      default:
        return this.operator(1)
    }
  }

  private operator(length: number): TokenType {
    const start = this.at
    this.at += length
    return this.source.slice(start, this.at)
  }

  private sliceRaw(): string {
    return this.source.slice(this.start, this.at)
  }

  private scanName(): TokenType {
    const { source } = this
    let end = this.at + 1
    while (isNamePart(source.charCodeAt(end))) end++
    const text = source.slice(this.at, end)
    this.at = end
    if (KEYWORDS.has(text)) return text
    this.text = text
    this.raw = text
    return '<name>'
  }

  private scanNumber(): TokenType {
    const { source } = this
    let end = this.at
    while (isDigit(source.charCodeAt(end)) || source.charCodeAt(end) === 46) end++
    if ((source.charCodeAt(end) | 32) === 101) {
      end++
      const sign = source.charCodeAt(end)
      if (sign === 43 || sign === 45) end++
    }
    while (isNamePart(source.charCodeAt(end))) end++
    this.at = end
    this.raw = this.sliceRaw()
    const value = stringToNumber(this.raw)
    if (value === undefined) throw this.errorNear('malformed number', this.raw)
    this.value = value
    return '<number>'
  }

  private scanString(quote: number): TokenType {
    const { source } = this
    let text = ''
    let from = ++this.at
    const mark = String.fromCharCode(quote)
    for (;;) {
      const c = source.charCodeAt(this.at)
      if (c === quote) break
      if (Number.isNaN(c)) throw this.errorNear('unfinished string', '<eof>')
      if (c !== 92 && !isLineEnd(c)) {
        this.at++
        continue
      }
      text += source.slice(from, this.at)
      if (c !== 92) throw this.errorNear('unfinished string', mark + text)
      text += this.scanEscape(mark + text)
      from = this.at
    }
    this.text = text + source.slice(from, this.at)
    this.at++
    this.raw = mark + this.text + mark
    return '<string>'
  }

  /** Reads behind a backslash and returns what it stands for; `soFar` is for errors. */
  private scanEscape(soFar: string): string {
    const { source } = this
    const c = source.charCodeAt(++this.at)
    if (isLineEnd(c)) {
      this.newLine()
      return '\n'
    }
    if (Number.isNaN(c)) return ''
    if (!isDigit(c)) {
      this.at++
      const letter = String.fromCharCode(c)
      return ESCAPES[letter] ?? letter
    }
    let value = 0
    for (let digits = 0; digits < 3 && isDigit(source.charCodeAt(this.at)); digits++) {
      value = value * 10 + source.charCodeAt(this.at++) - 48
    }
    if (value > 255) throw this.errorNear('escape sequence too large', soFar)
    return String.fromCharCode(value)
  }

  /** The number of `=` of a long bracket here; -1 for a plain `[`, -2 for a malformed one. */
  private longBracketLevel(): number {
    const { source } = this
    let end = this.at + 1
    while (source.charCodeAt(end) === 61) end++
    const level = end - this.at - 1
    if (source.charCodeAt(end) === 91) return level
    return level === 0 ? -1 : -2
  }

  private scanLongString(level: number): TokenType {
    this.text = this.readLong(level, false)
    this.raw = this.sliceRaw()
    return '<string>'
  }

  private readLong(level: number, isComment: boolean): string {
    const { source } = this
    this.at += level + 2
    if (isLineEnd(source.charCodeAt(this.at))) this.newLine()
    const close = `]${'='.repeat(level)}]`
    let text = ''
    let from = this.at
    for (;;) {
      const c = source.charCodeAt(this.at)
      if (Number.isNaN(c)) {
        throw this.errorNear(`unfinished long ${isComment ? 'comment' : 'string'}`, '<eof>')
      }
      if (c === 93 && source.startsWith(close, this.at)) break
      if (isLineEnd(c)) {
        text += `${source.slice(from, this.at)}\n`
        this.newLine()
        from = this.at
      } else {
        this.at++
      }
    }
    text += source.slice(from, this.at)
    this.at += close.length
    return text
  }

  private skipComment(): void {
    const { source } = this
    this.start = this.at
    this.at += 2
    if (source.charCodeAt(this.at) === 91) {
      const level = this.longBracketLevel()
      if (level >= 0) {
        this.readLong(level, true)
        return
      }
    }
    while (this.at < source.length && !isLineEnd(source.charCodeAt(this.at))) this.at++
  }
}
