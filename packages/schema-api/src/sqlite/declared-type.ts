import type { DefaultValue, FieldType } from '../catalog/catalog.ts'

/** What a column's declared type says, in vendor-neutral words. */
export interface DeclaredType {
  readonly type: FieldType
  readonly maxLength: number | undefined
  readonly precision: number | undefined
  readonly scale: number | undefined
}

const BY_NAME: readonly (readonly [pattern: RegExp, type: FieldType])[] = [
  [/^(BOOL|BOOLEAN)$/, 'boolean'],
  [/^(BIGINT|INT8|UNSIGNED BIG INT|BIGINT UNSIGNED|UNSIGNED BIGINT|BIGSERIAL)$/, 'bigInteger'],
  [/^(TINY|SMALL|MEDIUM)?INT(EGER|2|4)?( UNSIGNED)?$|^SERIAL$/, 'integer'],
  [/^(UUID|GUID)$/, 'uuid'],
  [/^DATETIME/, 'dateTime'],
  [/^TIMESTAMP/, 'timestamp'],
  [/^DATE$/, 'date'],
  [/^TIME/, 'time'],
  [/^JSONB?$/, 'json'],
  [/^(DECIMAL|NUMERIC|NUMBER|MONEY)$/, 'decimal'],
  [/^(BLOB|BINARY|VARBINARY|BYTEA|(TINY|MEDIUM|LONG)BLOB)$/, 'binary'],
  [/^(TEXT|CLOB|(TINY|MEDIUM|LONG|CI)TEXT)$/, 'text'],
]

/**
 * The type of a declared type text such as `VARCHAR(80)`. Names that are not known fall back on
 * SQLite's own affinity rules, so `NATIVE CHARACTER(70)` is a string and `FOO` is unknown.
 */
export function readDeclaredType(declared: string): DeclaredType {
  const match = /^([^(]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)\s*(.*))?$/s.exec(declared.trim())
  const name = `${match?.[1] ?? declared} ${match?.[4] ?? ''}`
    .trim()
    .replaceAll(/\s+/g, ' ')
    .toUpperCase()
  const first = match?.[2] === undefined ? undefined : Number(match[2])
  const second = match?.[3] === undefined ? undefined : Number(match[3])
  const none = { maxLength: undefined, precision: undefined, scale: undefined }
  if (name === 'CHAR' && first === 36) return { ...none, type: 'uuid', maxLength: 36 }
  if (name === 'TINYINT' && first === 1) return { ...none, type: 'boolean' }
  const type = BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? typeByAffinity(name)
  if (type === 'decimal') return { ...none, type, precision: first, scale: second }
  if (type === 'string' || type === 'text') return { ...none, type, maxLength: first }
  return { ...none, type }
}

/** https://www.sqlite.org/datatype3.html, 3.1: the order of these tests is part of the rule. */
function typeByAffinity(name: string): FieldType {
  if (name.includes('INT')) return 'integer'
  if (name.includes('CHAR')) return 'string'
  if (name.includes('CLOB') || name.includes('TEXT')) return 'text'
  if (name.includes('BLOB')) return 'binary'
  if (/REAL|FLOA|DOUB/.test(name)) return 'float'
  return 'unknown'
}

/** Reads a column's DEFAULT text: a literal is decoded, anything else is kept as an expression. */
export function readDefault(text: string | null): DefaultValue {
  if (text === null) return { kind: 'none' }
  const bare = withoutBrackets(text.trim())
  if (/^null$/i.test(bare)) return { kind: 'literal', value: null }
  if (/^true$/i.test(bare)) return { kind: 'literal', value: true }
  if (/^false$/i.test(bare)) return { kind: 'literal', value: false }
  if (/^'(?:[^']|'')*'$/.test(bare)) {
    return { kind: 'literal', value: bare.slice(1, -1).replaceAll("''", "'") }
  }
  // SQLite reads a double-quoted default as a string
  if (/^"(?:[^"]|"")*"$/.test(bare)) {
    return { kind: 'literal', value: bare.slice(1, -1).replaceAll('""', '"') }
  }
  if (/^[+-]?\s*(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(bare)) {
    const digits = bare.replaceAll(/[+\s]/g, (sign, at: number) => (at === 0 ? '' : sign.trim()))
    const value = Number(digits)
    // a number that JavaScript would round is given as its digits
    const exact = !Number.isInteger(value) || Number.isSafeInteger(value)
    return { kind: 'literal', value: exact ? value : digits }
  }
  return { kind: 'expression', sql: bare }
}

/** `((1 + 1))` is the expression `1 + 1`; `(a) + (b)` stays as it is. */
function withoutBrackets(text: string): string {
  let inner = text
  while (inner.startsWith('(') && inner.endsWith(')') && wraps(inner)) {
    inner = inner.slice(1, -1).trim()
  }
  return inner
}

function wraps(text: string): boolean {
  let depth = 0
  let quote = ''
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]!
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === "'" || character === '"') quote = character
    else if (character === '(') depth += 1
    else if (character === ')') {
      depth -= 1
      if (depth === 0 && index < text.length - 1) return false
    }
  }
  return true
}
