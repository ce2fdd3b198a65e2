import type { Collection, ForeignKey, Relation, TableFacts } from './catalog.ts'

interface Edge {
  readonly from: TableFacts
  readonly to: TableFacts
  readonly foreignKey: ForeignKey
  name: string
  reverse: string
}

/**
 * Names every relation, both ways, from the foreign keys alone.
 *
 * - To one, single column: the column's name, as Directus has it. Composite: the target's name.
 * - To many: the name of the collection that holds the foreign key.
 * - A name that is taken or would stand for two foreign keys gets `_by_<columns>` behind it.
 */
export function relate(tables: readonly TableFacts[]): Map<string, Collection> {
  const byName = new Map(tables.map((table) => [table.name, table]))
  const edges: Edge[] = []
  for (const from of tables) {
    for (const foreignKey of from.foreignKeys) {
      const to = byName.get(foreignKey.target)
      if (to !== undefined) edges.push({ from, to, foreignKey, name: '', reverse: '' })
    }
  }
  const taken = new Map(tables.map((table) => [table.name, new Set(table.fields.keys())]))
  nameToOne(edges, taken)
  nameToMany(edges, taken)
  return new Map(
    tables.map((table) => [table.name, { ...table, relations: relationsOf(table, edges) }]),
  )
}

type TakenNames = ReadonlyMap<string, Set<string>>

function nameToOne(edges: readonly Edge[], taken: TakenNames): void {
  for (const edge of edges) {
    const [column] = edge.foreignKey.fields
    const isFirstOfColumn = edges.every(
      (other) => other.from !== edge.from || other.name !== column || other === edge,
    )
    if (edge.foreignKey.fields.length === 1 && column !== undefined && isFirstOfColumn) {
      edge.name = column
      continue
    }
    const siblings = edges.filter(
      (other) =>
        other.from === edge.from && other.to === edge.to && other.foreignKey.fields.length > 1,
    )
    edge.name = claim(taken, edge.from.name, edge.to.name, edge, siblings.length > 1)
  }
}

function nameToMany(edges: readonly Edge[], taken: TakenNames): void {
  for (const edge of edges) {
    const siblings = edges.filter((other) => other.from === edge.from && other.to === edge.to)
    edge.reverse = claim(taken, edge.to.name, edge.from.name, edge, siblings.length > 1)
  }
}

function claim(
  taken: TakenNames,
  owner: string,
  plain: string,
  edge: Edge,
  ambiguous: boolean,
): string {
  const names = taken.get(owner) ?? new Set<string>()
  const long = `${plain}_by_${edge.foreignKey.fields.join('_')}`
  let name = ambiguous || names.has(plain) ? long : plain
  for (let count = 2; names.has(name); count += 1) name = `${long}_${count}`
  names.add(name)
  return name
}

function relationsOf(table: TableFacts, edges: readonly Edge[]): Map<string, Relation> {
  const relations = new Map<string, Relation>()
  for (const edge of edges) {
    const { fields, targetFields } = edge.foreignKey
    if (edge.from === table) {
      relations.set(edge.name, {
        name: edge.name,
        kind: 'toOne',
        collection: table.name,
        fields,
        target: edge.to.name,
        targetFields,
        reverse: edge.reverse,
        foreignKey: edge.foreignKey,
        indexed: isIndexed(edge.to, targetFields),
      })
    }
    if (edge.to === table) {
      relations.set(edge.reverse, {
        name: edge.reverse,
        kind: 'toMany',
        collection: table.name,
        fields: targetFields,
        target: edge.from.name,
        targetFields: fields,
        reverse: edge.name,
        foreignKey: edge.foreignKey,
        indexed: isIndexed(edge.from, fields),
      })
    }
  }
  return relations
}

function isIndexed(table: TableFacts, fields: readonly string[]): boolean {
  return fields.some((field) => table.fields.get(field)?.indexed === true)
}
