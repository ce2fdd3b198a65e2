import type { Collection, DefaultValue, Field, Relation } from '../catalog/catalog.ts'

/** A collection as `/collections` describes it. */
export interface CollectionJson {
  readonly collection: string
  readonly meta: Readonly<Record<string, unknown>>
  readonly schema: Readonly<Record<string, unknown>>
}

/** A column, or a to-many relation as an alias field, as `/fields` describes it. */
export interface FieldJson {
  readonly collection: string
  readonly field: string
  readonly type: string
  readonly schema: Readonly<Record<string, unknown>> | null
  readonly meta: Readonly<Record<string, unknown>>
}

/** A foreign key as `/relations` describes it. */
export interface RelationJson {
  readonly collection: string
  readonly field: string
  readonly related_collection: string
  readonly schema: Readonly<Record<string, unknown>>
  readonly meta: Readonly<Record<string, unknown>>
}

export function collectionJson(collection: Collection): CollectionJson {
  const { name, kind, readOnly, key } = collection
  return {
    collection: name,
    meta: {
      collection: name,
      hidden: false,
      singleton: false,
      note: null,
      read_only: readOnly || key === undefined,
      primary_key: key?.fields ?? [],
      primary_key_kind: key?.kind ?? null,
    },
    schema: { name, kind, comment: null, schema: 'main' },
  }
}

export function fieldsJson(collection: Collection): FieldJson[] {
  const columns = [...collection.fields.values()].map((field) => columnJson(collection, field))
  const aliases = [...collection.relations.values()]
    .filter((relation) => !collection.fields.has(relation.name))
    .map((relation) => aliasJson(collection, relation))
  return [...columns, ...aliases]
}

function columnJson(collection: Collection, field: Field): FieldJson {
  const relation = collection.relations.get(field.name)
  const isKey = collection.key?.fields.includes(field.name) === true
  return {
    collection: collection.name,
    field: field.name,
    type: field.type,
    schema: {
      name: field.name,
      table: collection.name,
      data_type: field.dataType,
      ...defaultJson(field.default),
      generation_expression: field.generated?.expression ?? null,
      max_length: field.maxLength ?? null,
      numeric_precision: field.precision ?? null,
      numeric_scale: field.scale ?? null,
      is_generated: field.generated !== undefined,
      is_nullable: field.nullable,
      is_unique: field.unique,
      is_indexed: field.indexed,
      is_primary_key: isKey,
      has_auto_increment: field.autoIncrement,
      foreign_key_table: relation?.target ?? null,
      foreign_key_column: relation?.targetFields[0] ?? null,
      comment: null,
    },
    meta: {
      collection: collection.name,
      field: field.name,
      special: relation === undefined ? null : ['m2o'],
      readonly: collection.readOnly || field.generated !== undefined || field.rowId,
      required: isRequired(field),
      options: choicesJson(field),
    },
  }
}

function isRequired(field: Field): boolean {
  const isSupplied =
    field.nullable || field.default.kind !== 'none' || field.autoIncrement || field.rowId
  return !isSupplied && field.generated === undefined
}

function defaultJson(value: DefaultValue): Readonly<Record<string, unknown>> {
  if (value.kind === 'none') return { default_value: null, default_is_expression: false }
  if (value.kind === 'expression') {
    return { default_value: value.sql, default_is_expression: true }
  }
  return { default_value: value.value, default_is_expression: false }
}

function choicesJson(field: Field): Readonly<Record<string, unknown>> | null {
  if (field.choices === undefined) return null
  return { choices: field.choices.map((value) => ({ text: String(value), value })) }
}

function aliasJson(collection: Collection, relation: Relation): FieldJson {
  return {
    collection: collection.name,
    field: relation.name,
    type: 'alias',
    schema: null,
    meta: {
      collection: collection.name,
      field: relation.name,
      special: [relation.kind === 'toMany' ? 'o2m' : 'm2o'],
      readonly: true,
      required: false,
      options: null,
    },
  }
}

export function relationsJson(collection: Collection): RelationJson[] {
  return [...collection.relations.values()]
    .filter((relation) => relation.kind === 'toOne')
    .map((relation) => ({
      collection: collection.name,
      field: relation.name,
      related_collection: relation.target,
      schema: {
        table: collection.name,
        column: relation.fields[0] ?? null,
        columns: relation.fields,
        foreign_key_table: relation.target,
        foreign_key_column: relation.targetFields[0] ?? null,
        foreign_key_columns: relation.targetFields,
        constraint_name: null,
        on_update: relation.foreignKey.onUpdate,
        on_delete: relation.foreignKey.onDelete,
      },
      meta: {
        many_collection: collection.name,
        many_field: relation.name,
        one_collection: relation.target,
        one_field: relation.reverse,
        junction_field: null,
        sort_field: null,
        one_deselect_action: 'nullify',
      },
    }))
}
