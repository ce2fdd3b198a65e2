import type { DatabaseSync } from 'node:sqlite'
import type {
  Catalog,
  Collection,
  CollectionKey,
  Field,
  ForeignKey,
  TableFacts,
} from '../catalog/catalog.ts'
import { dateFormOf } from '../catalog/date-form.ts'
import { relate } from '../catalog/relations.ts'
import { type ColumnNotes, readColumnNotes } from './ddl.ts'
import { readDeclaredType, readDefault } from './declared-type.ts'
import { type ColumnRow, type IndexFacts, readSchema, type TableRow } from './schema-rows.ts'

/** What the owner of the database adds to what the schema says. */
export interface Annotations {
  /** The fields that identify a row of a view, by view name. */
  readonly keys: Readonly<Record<string, readonly string[]>>
  /** Collections that are not served at all. */
  readonly hidden: readonly string[]
}

/**
 * Reads tables, views, columns, keys and foreign keys of an open database. Only reads: nothing is
 * created or changed. Views and virtual tables whose definition no longer works are left out.
 */
export function introspect(database: DatabaseSync, annotations: Annotations): Catalog {
  const schema = readSchema(database)
  const hidden = new Set(annotations.hidden)
  const names = new Map(schema.tables.map((table) => [table.name.toLowerCase(), table]))
  const facts: TableFacts[] = []
  for (const table of schema.tables) {
    if (hidden.has(table.name) || table.columns.length === 0) continue
    facts.push(factsOf(table, names, annotations))
  }
  const collections: Map<string, Collection> = relate(facts)
  return { vendor: 'sqlite', version: String(schema.version), collections }
}

type TablesByLowerName = ReadonlyMap<string, TableRow>

function factsOf(table: TableRow, tables: TablesByLowerName, annotations: Annotations): TableFacts {
  const primaryKey = primaryKeyOf(table)
  const rowIdAlias = rowIdAliasOf(table, primaryKey)
  const uniqueKeys = [
    ...(primaryKey.length > 0 ? [primaryKey] : []),
    ...table.indexes
      .filter((index) => index.unique && index.complete)
      .map((index) => index.columns),
  ]
  const rowIdName = rowIdNameOf(table)
  const notes = table.kind === 'table' ? readColumnNotes(table.sql) : new Map()
  const fields = new Map<string, Field>()
  for (const column of table.columns) {
    const note = notes.get(column.name.toLowerCase())
    fields.set(column.name, fieldOf(table, column, { rowIdAlias, uniqueKeys, note }))
  }
  const key = keyOf(table, { primaryKey, uniqueKeys, rowIdName, fields, annotations })
  if (key?.kind === 'rowid' && rowIdName !== undefined) {
    const first: [string, Field] = [rowIdName, rowIdField(rowIdName)]
    const rest = [...fields]
    fields.clear()
    for (const [name, field] of [first, ...rest]) fields.set(name, field)
  }
  return {
    name: table.name,
    kind: table.kind,
    readOnly: table.kind !== 'table',
    fields,
    key,
    uniqueKeys,
    foreignKeys: foreignKeysOf(table, tables),
    hasTriggers: table.hasTriggers,
    strict: table.strict,
    rowIdName,
  }
}

function primaryKeyOf(table: TableRow): string[] {
  return table.columns
    .filter((column) => column.keyPosition > 0)
    .toSorted((a, b) => a.keyPosition - b.keyPosition)
    .map((column) => column.name)
}

/** A key column that is the row id itself has no index of its own behind it. */
function rowIdAliasOf(table: TableRow, primaryKey: readonly string[]): string | undefined {
  if (table.kind !== 'table' || table.withoutRowId || primaryKey.length !== 1) return undefined
  return table.indexes.some((index) => index.isPrimaryKey) ? undefined : primaryKey[0]
}

function rowIdNameOf(table: TableRow): string | undefined {
  if (table.kind !== 'table' || table.withoutRowId) return undefined
  const names = new Set(table.columns.map((column) => column.name.toLowerCase()))
  return ['rowid', '_rowid_', 'oid'].find((name) => !names.has(name))
}

interface KeyFacts {
  readonly primaryKey: readonly string[]
  readonly uniqueKeys: readonly (readonly string[])[]
  readonly rowIdName: string | undefined
  readonly fields: ReadonlyMap<string, Field>
  readonly annotations: Annotations
}

function keyOf(table: TableRow, facts: KeyFacts): CollectionKey | undefined {
  const annotated = facts.annotations.keys[table.name]
  if (annotated !== undefined) {
    const unknown = annotated.find((field) => !facts.fields.has(field))
    if (unknown !== undefined) {
      throw new RangeError(`options.keys.${table.name} names ${unknown}, which is not a column`)
    }
    return { kind: 'annotated', fields: annotated }
  }
  if (facts.primaryKey.length > 0) return { kind: 'primary', fields: facts.primaryKey }
  const notNull = facts.uniqueKeys
    .filter((key) => key.every((field) => facts.fields.get(field)?.nullable === false))
    .toSorted((a, b) => a.length - b.length)[0]
  if (notNull !== undefined) return { kind: 'unique', fields: notNull }
  if (facts.rowIdName !== undefined) return { kind: 'rowid', fields: [facts.rowIdName] }
  return undefined
}

interface FieldContext {
  readonly rowIdAlias: string | undefined
  readonly uniqueKeys: readonly (readonly string[])[]
  readonly note: ColumnNotes | undefined
}

function fieldOf(table: TableRow, column: ColumnRow, context: FieldContext): Field {
  const { rowIdAlias, uniqueKeys, note } = context
  const isRowId = column.name === rowIdAlias
  const leads = (index: IndexFacts): boolean => index.columns[0] === column.name && !index.partial
  return {
    name: column.name,
    dataType: column.declared,
    ...readDeclaredType(column.declared),
    nullable: !column.notNull && !isRowId,
    default: readDefault(column.defaultText),
    generated:
      column.generated === undefined
        ? undefined
        : { kind: column.generated, expression: note?.generatedAs ?? '' },
    autoIncrement: isRowId,
    unique: uniqueKeys.some((key) => key.length === 1 && key[0] === column.name),
    indexed: isRowId || column.keyPosition === 1 || table.indexes.some(leads),
    rowId: false,
    dateForm: dateFormOf(sampleOf(column)),
    choices: note?.choices,
  }
}

/** A value that the column holds, or would hold by default. */
function sampleOf(column: ColumnRow): unknown {
  if (column.sample !== undefined) return column.sample
  return /^\(?\s*CURRENT_TIMESTAMP/i.test(column.defaultText ?? '')
    ? '2000-01-01 00:00:00'
    : undefined
}

function rowIdField(name: string): Field {
  return {
    name,
    type: 'integer',
    dataType: 'INTEGER',
    maxLength: undefined,
    precision: undefined,
    scale: undefined,
    nullable: false,
    default: { kind: 'none' },
    generated: undefined,
    autoIncrement: true,
    unique: true,
    indexed: true,
    rowId: true,
    dateForm: undefined,
    choices: undefined,
  }
}

/** SQLite compares the names in a foreign key without regard to case; here they become exact. */
function foreignKeysOf(table: TableRow, tables: TablesByLowerName): ForeignKey[] {
  const found = new Map<string, ForeignKey>()
  for (const row of table.foreignKeys) {
    const target = tables.get(row.target.toLowerCase())
    if (target === undefined) continue
    const named = row.targetColumns ?? primaryKeyOf(target)
    const targetFields = exactNames(target, named)
    const fields = exactNames(table, row.columns)
    if (targetFields === undefined || fields === undefined) continue
    if (targetFields.length !== fields.length) continue
    const identity = JSON.stringify([fields, target.name, targetFields])
    if (found.has(identity)) continue
    found.set(identity, {
      fields,
      target: target.name,
      targetFields,
      onUpdate: row.onUpdate,
      onDelete: row.onDelete,
    })
  }
  return [...found.values()]
}

function exactNames(table: TableRow, names: readonly string[]): string[] | undefined {
  const exact = names.map(
    (name) =>
      table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.name,
  )
  return exact.every((name) => name !== undefined) ? exact : undefined
}
