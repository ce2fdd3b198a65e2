/**
 * Reads what SQLite's pragmas do not tell out of a CREATE TABLE text: the expressions of generated
 * columns and the value lists of CHECK constraints. The text comes from the database itself and is
 * known to be valid; whatever is not recognised is left out.
 */

interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol'
  /** Unquoted; words keep their case. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** What a CREATE TABLE text says about one column, by lower-case column name. */
export interface ColumnNotes {
  generatedAs: string | undefined
  choices: (string | number)[] | undefined
}

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[\p{L}_$\x80-\uffff][\p{L}\p{N}_$\x80-\uffff]*|[\s\S]/gu

function tokenize(sql: string): Token[] {
  const tokens: Token[] = []
  for (const match of sql.matchAll(TOKEN)) {
    const raw = match[0]
    const token = classify(raw)
    if (token !== undefined) {
      tokens.push({ ...token, start: match.index, end: match.index + raw.length })
    }
  }
  return tokens
}

function classify(raw: string): Pick<Token, 'kind' | 'text'> | undefined {
  const first = raw[0] ?? ''
  if (/\s/.test(first) || raw.startsWith('--') || raw.startsWith('/*')) return undefined
  if (first === "'") return { kind: 'string', text: raw.slice(1, -1).replaceAll("''", "'") }
  if (first === '"') return { kind: 'name', text: raw.slice(1, -1).replaceAll('""', '"') }
  if (first === '`') return { kind: 'name', text: raw.slice(1, -1).replaceAll('``', '`') }
  if (first === '[' && raw.length > 1) return { kind: 'name', text: raw.slice(1, -1) }
  if (/^(\d|\.\d)/.test(raw)) return { kind: 'number', text: raw }
  if (/[\p{L}_$\x80-\uffff]/u.test(first)) return { kind: 'word', text: raw }
  return { kind: 'symbol', text: raw }
}

const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === 'word' && token.text.toUpperCase() === word

const isSymbol = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'symbol' && token.text === text

/** The index of the bracket that closes the one at `open`. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let index = open; index < tokens.length; index += 1) {
    if (isSymbol(tokens[index], '(')) depth += 1
    else if (isSymbol(tokens[index], ')')) {
      depth -= 1
      if (depth === 0) return index
    }
  }
  return tokens.length
}

/** Splits the body of CREATE TABLE at its top-level commas. */
function definitions(tokens: readonly Token[]): Token[][] {
  const open = tokens.findIndex((token) => isSymbol(token, '('))
  if (open < 0) return []
  const close = closing(tokens, open)
  const parts: Token[][] = [[]]
  let depth = 0
  for (const token of tokens.slice(open + 1, close)) {
    if (isSymbol(token, '(')) depth += 1
    if (isSymbol(token, ')')) depth -= 1
    if (depth === 0 && isSymbol(token, ',')) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

const TABLE_CONSTRAINTS = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'])

/** Notes on the columns of one table, by lower-case column name. */
export function readColumnNotes(createTable: string): Map<string, ColumnNotes> {
  const notes = new Map<string, ColumnNotes>()
  const noteOf = (column: string): ColumnNotes => {
    const name = column.toLowerCase()
    const known = notes.get(name)
    if (known !== undefined) return known
    const fresh = { generatedAs: undefined, choices: undefined }
    notes.set(name, fresh)
    return fresh
  }
  for (const definition of definitions(tokenize(createTable))) {
    const [first] = definition
    if (first === undefined) continue
    readChecks(definition, noteOf)
    if (first.kind === 'word' && TABLE_CONSTRAINTS.has(first.text.toUpperCase())) continue
    noteOf(first.text).generatedAs = generationOf(definition, createTable)
  }
  return notes
}

function generationOf(definition: readonly Token[], text: string): string | undefined {
  for (let index = 1; index < definition.length; index += 1) {
    if (isSymbol(definition[index], '(')) index = closing(definition, index)
    else if (isWord(definition[index], 'AS') && isSymbol(definition[index + 1], '(')) {
      const end = definition[closing(definition, index + 1)]
      return text.slice(definition[index + 1]!.end, end?.start).trim()
    }
  }
  return undefined
}

/** Finds `CHECK (column IN (value, ...))` and notes the values. */
function readChecks(definition: readonly Token[], noteOf: (column: string) => ColumnNotes): void {
  for (let index = 0; index < definition.length; index += 1) {
    if (!isWord(definition[index], 'CHECK') || !isSymbol(definition[index + 1], '(')) continue
    const close = closing(definition, index + 1)
    const inside = definition.slice(index + 2, close)
    const column = inside[0]
    const isList =
      (column?.kind === 'word' || column?.kind === 'name') &&
      isWord(inside[1], 'IN') &&
      isSymbol(inside[2], '(') &&
      closing(inside, 2) === inside.length - 1
    if (isList && column !== undefined) {
      const values = literalsOf(inside.slice(3, -1))
      if (values !== undefined) noteOf(column.text).choices = values
    }
    index = close
  }
}

function literalsOf(tokens: readonly Token[]): (string | number)[] | undefined {
  const values: (string | number)[] = []
  for (const [index, token] of tokens.entries()) {
    if (index % 2 === 1) {
      if (!isSymbol(token, ',')) return undefined
    } else if (token.kind === 'string') values.push(token.text)
    else if (token.kind === 'number') values.push(Number(token.text))
    else return undefined
  }
  return values.length > 0 ? values : undefined
}
