import type { DateForm } from './date-form.ts'

/** The vendor-neutral picture of a database that everything above the introspection works from. */

/** A field's type in Directus' vocabulary. `unknown` compares and answers values as they are. */
export type FieldType =
  | 'integer'
  | 'bigInteger'
  | 'float'
  | 'decimal'
  | 'boolean'
  | 'string'
  | 'text'
  | 'uuid'
  | 'date'
  | 'dateTime'
  | 'time'
  | 'timestamp'
  | 'json'
  | 'binary'
  | 'unknown'

/** A column default: a literal value is told apart from an expression that the database evaluates. */
export type DefaultValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'expression'; readonly sql: string }

/** A generated column and the expression it is generated from. */
export interface Generation {
  readonly kind: 'virtual' | 'stored'
  readonly expression: string
}

/** One column of a table or view. */
export interface Field {
  readonly name: string
  readonly type: FieldType
  /** The declared type, as written in the schema; empty when there is none. */
  readonly dataType: string
  readonly maxLength: number | undefined
  readonly precision: number | undefined
  readonly scale: number | undefined
  readonly nullable: boolean
  readonly default: DefaultValue
  readonly generated: Generation | undefined
  readonly autoIncrement: boolean
  /** True for a single-column key or unique constraint. */
  readonly unique: boolean
  readonly indexed: boolean
  /** The row id of a table that has no key of its own: readable, never written. */
  readonly rowId: boolean
  /** How the column writes its moments, where it holds any and that is known. */
  readonly dateForm: DateForm | undefined
  /** The values that a `CHECK (field IN (...))` allows. */
  readonly choices: readonly (string | number)[] | undefined
}

/** A foreign key, single or composite. `target` and `targetFields` are names of this catalogue. */
export interface ForeignKey {
  readonly fields: readonly string[]
  readonly target: string
  readonly targetFields: readonly string[]
  readonly onUpdate: string
  readonly onDelete: string
}

/**
 * A way from one collection to another: `toOne` follows a foreign key, `toMany` is the same
 * foreign key seen from the other side.
 */
export interface Relation {
  readonly name: string
  readonly kind: 'toOne' | 'toMany'
  readonly collection: string
  readonly fields: readonly string[]
  readonly target: string
  readonly targetFields: readonly string[]
  /** The name of the same relation seen from the target. */
  readonly reverse: string
  readonly foreignKey: ForeignKey
  /** True when an index makes the target's rows reachable without reading the whole table. */
  readonly indexed: boolean
}

/** What addresses one row. `annotated` comes from the `keys` option, for views. */
export interface CollectionKey {
  readonly kind: 'primary' | 'unique' | 'rowid' | 'annotated'
  readonly fields: readonly string[]
}

/** One table or view. */
export interface Collection {
  readonly name: string
  readonly kind: 'table' | 'view' | 'virtual'
  /** Views and virtual tables are read-only. */
  readonly readOnly: boolean
  readonly fields: ReadonlyMap<string, Field>
  readonly key: CollectionKey | undefined
  readonly uniqueKeys: readonly (readonly string[])[]
  readonly foreignKeys: readonly ForeignKey[]
  /** By name; a to-one relation over one column bears the column's name. */
  readonly relations: ReadonlyMap<string, Relation>
  /** Values may change between a write and its reading back. */
  readonly hasTriggers: boolean
  /** The database itself holds every value to its declared type. */
  readonly strict: boolean
  /** The name under which the row id can be asked for, where the table has one. */
  readonly rowIdName: string | undefined
}

/** A database's tables, views and relations at one moment. Immutable. */
export interface Catalog {
  readonly vendor: 'sqlite'
  /** Changes whenever the schema does. */
  readonly version: string
  readonly collections: ReadonlyMap<string, Collection>
}

/** What introspection knows before relations are named. */
export type TableFacts = Omit<Collection, 'relations'>

/** The collection of that name; the caller has checked that it exists. */
export function collectionOf(catalog: Catalog, name: string): Collection {
  const collection = catalog.collections.get(name)
  if (collection === undefined) throw new Error(`the catalogue has no collection ${name}`)
  return collection
}
