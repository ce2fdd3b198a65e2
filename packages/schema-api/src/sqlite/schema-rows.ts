import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'

/** What the pragmas say, with names and booleans instead of their codes. */
export interface SchemaRows {
  readonly version: number
  readonly tables: readonly TableRow[]
}

export interface TableRow {
  readonly name: string
  readonly kind: 'table' | 'view' | 'virtual'
  readonly sql: string
  readonly withoutRowId: boolean
  readonly strict: boolean
  readonly hasTriggers: boolean
  readonly columns: readonly ColumnRow[]
  readonly indexes: readonly IndexFacts[]
  readonly foreignKeys: readonly ForeignKeyRow[]
}

export interface ColumnRow {
  readonly name: string
  readonly declared: string
  readonly notNull: boolean
  readonly defaultText: string | null
  /** Position in the primary key from 1, or 0. */
  readonly keyPosition: number
  readonly generated: 'virtual' | 'stored' | undefined
  /** For columns of dates: one of the values among the first rows. */
  readonly sample: SQLOutputValue | undefined
}

export interface IndexFacts {
  readonly unique: boolean
  readonly partial: boolean
  readonly isPrimaryKey: boolean
  /** Over plain columns of all rows: only then a unique index is a key. */
  readonly complete: boolean
  readonly columns: readonly string[]
}

export interface ForeignKeyRow {
  readonly target: string
  readonly columns: readonly string[]
  /** Absent when the schema names none: then the target's primary key is meant. */
  readonly targetColumns: readonly string[] | undefined
  readonly onUpdate: string
  readonly onDelete: string
}

type Row = Record<string, SQLOutputValue>

const TABLES = `
  SELECT l.name, l.type, l.wr, l.strict, s.sql,
    EXISTS (SELECT 1 FROM main.sqlite_schema AS g WHERE g.type = 'trigger'
      AND g.tbl_name = l.name COLLATE NOCASE) AS triggers
  FROM pragma_table_list AS l
  LEFT JOIN main.sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view')
  WHERE l.schema = 'main' AND l.type IN ('table', 'view', 'virtual')
    AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  ORDER BY l.name`

/** Reads the whole schema of the main database in one consistent view. */
export function readSchema(database: DatabaseSync): SchemaRows {
  const columns = database.prepare("SELECT * FROM pragma_table_xinfo(?, 'main') ORDER BY cid")
  const indexes = database.prepare("SELECT * FROM pragma_index_list(?, 'main') ORDER BY seq")
  const indexColumns = database.prepare(
    "SELECT * FROM pragma_index_xinfo(?, 'main') WHERE key = 1 ORDER BY seqno",
  )
  const foreignKeys = database.prepare(
    "SELECT * FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq",
  )
  const tables: TableRow[] = []
  for (const row of database.prepare(TABLES).all()) {
    const name = textOf(row, 'name')
    tables.push({
      name,
      kind: textOf(row, 'type') as TableRow['kind'],
      sql: textOf(row, 'sql'),
      withoutRowId: row['wr'] === 1,
      strict: row['strict'] === 1,
      hasTriggers: row['triggers'] === 1,
      columns: columnsOf(() => columns.all(name)).map((column) =>
        row['type'] === 'table' ? { ...column, sample: sampleOf(database, name, column) } : column,
      ),
      indexes: indexes
        .all(name)
        .map((index) => indexOf(index, indexColumns.all(textOf(index, 'name')))),
      foreignKeys: foreignKeyRows(foreignKeys.all(name)),
    })
  }
  const version = database.prepare('PRAGMA main.schema_version').get()
  return { version: Number(version?.['schema_version'] ?? 0), tables }
}

const textOf = (row: Row, column: string): string => String(row[column] ?? '')

/** A view over a table that is gone cannot be described; it is served as nothing at all. */
function columnsOf(read: () => Row[]): ColumnRow[] {
  try {
    return read()
      .filter((row) => row['hidden'] !== 1)
      .map(columnOf)
  } catch {
    return []
  }
}

function columnOf(row: Row): ColumnRow {
  const generated = row['hidden'] === 2 ? 'virtual' : row['hidden'] === 3 ? 'stored' : undefined
  return {
    name: textOf(row, 'name'),
    declared: textOf(row, 'type').replace(/\s*GENERATED ALWAYS$/i, ''),
    notNull: row['notnull'] === 1,
    defaultText: row['dflt_value'] === null ? null : textOf(row, 'dflt_value'),
    keyPosition: Number(row['pk']),
    generated,
    sample: undefined,
  }
}

/** Rows that are looked at for a value. */
const SAMPLE_ROWS = 100

function sampleOf(
  database: DatabaseSync,
  table: string,
  { name, declared }: ColumnRow,
): SQLOutputValue | undefined {
  if (!/^\s*(DATE|TIMESTAMP)/i.test(declared)) return undefined
  const [from, column] = [table, name].map((word) => `"${word.replaceAll('"', '""')}"`)
  const first = `SELECT ${column} AS value FROM ${from} LIMIT ${SAMPLE_ROWS}`
  const found = `SELECT value FROM (${first}) WHERE typeof(value) IN ('text', 'integer')`
  const statement = database.prepare(`${found} LIMIT 1`)
  statement.setReadBigInts(true)
  const value = statement.get()?.['value']
  return typeof value === 'bigint' ? Number(value) : value
}

function indexOf(row: Row, columns: readonly Row[]): IndexFacts {
  const partial = row['partial'] === 1
  return {
    unique: row['unique'] === 1,
    partial,
    isPrimaryKey: row['origin'] === 'pk',
    complete: !partial && columns.every((column) => Number(column['cid']) >= 0),
    columns: columns.map((column) => textOf(column, 'name')),
  }
}

function foreignKeyRows(rows: readonly Row[]): ForeignKeyRow[] {
  const byId = new Map<SQLOutputValue | undefined, Row[]>()
  for (const row of rows) {
    const group = byId.get(row['id'])
    if (group === undefined) byId.set(row['id'], [row])
    else group.push(row)
  }
  return [...byId.values()]
    .map((group) => {
      const [first] = group
      const names = group.map((row) => row['to'] ?? null)
      return {
        target: textOf(first!, 'table'), // a group is never empty
        columns: group.map((row) => textOf(row, 'from')),
        targetColumns: names.includes(null) ? undefined : names.map(String),
        onUpdate: textOf(first!, 'on_update'), // as above
        onDelete: textOf(first!, 'on_delete'), // as above
      }
    })
    .toReversed() // SQLite lists the last declared first
}
