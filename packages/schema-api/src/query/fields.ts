import type { Collection, Relation } from '../catalog/catalog.ts'
import { forbidden, invalidQuery } from '../errors.ts'
import type { Output } from '../plan/ast.ts'
import { parseFilter } from './filter.ts'
import { isCall, parseOperand } from './operand.ts'
import { parsePage } from './page.ts'
import { isRecord, nameList, type ParseContext, parsedJson } from './parse-context.ts'

/** The parts of a query that choose what is answered about each row. */
export interface FieldParts {
  readonly fields?: unknown
  readonly alias?: unknown
  readonly deep?: unknown
}

/** What is wanted of one collection: paths by the key they start with, in order. */
interface Wanted {
  /** Behind the key: more paths, for a relation. Empty when the key itself is wanted. */
  readonly paths: Map<string, string[]>
}

type Deep = Readonly<Record<string, unknown>>

/** Reads the selection of a query: columns, functions and nested relations. */
export function parseFields(
  context: ParseContext,
  collection: Collection,
  parts: FieldParts,
): readonly Output[] {
  const asked = parts.fields === undefined || parts.fields === '' ? '*' : parts.fields
  const paths = nameList(asked, 'fields')
  const deep = parsedJson(parts.deep, 'deep') ?? {}
  if (!isRecord(deep)) throw invalidQuery('"deep" must be an object')
  const aliases = parseAliases(parts.alias)
  return select(context, collection, paths.length === 0 ? ['*'] : paths, {
    aliases,
    deep,
    depth: 1,
  })
}

interface Level {
  readonly aliases: ReadonlyMap<string, string>
  readonly deep: Deep
  readonly depth: number
}

function select(
  context: ParseContext,
  collection: Collection,
  paths: readonly string[],
  level: Level,
): Output[] {
  context.checkDepth(level.depth)
  const { paths: wanted } = gather(collection, paths, level)
  const outputs: Output[] = []
  for (const [key, inner] of wanted) {
    const name = level.aliases.get(key) ?? key
    const output = outputOf(context, collection, { key, name, inner }, level)
    if (outputs.some((other) => other.key === output.key)) {
      throw invalidQuery(`Two of the fields would be answered as "${output.key}"`)
    }
    outputs.push(output)
  }
  for (const key of Object.keys(level.deep)) {
    const isKnown = key.startsWith('_') || wanted.has(key) || collection.relations.has(key)
    if (!isKnown) throw forbidden(collection.name, key)
  }
  return outputs
}

interface WantedKey {
  readonly key: string
  readonly name: string
  readonly inner: readonly string[]
}

function outputOf(
  context: ParseContext,
  collection: Collection,
  { key, name, inner }: WantedKey,
  level: Level,
): Output {
  const relation = collection.relations.get(name)
  const isNested = inner.length > 0
  if (relation !== undefined && (isNested || !collection.fields.has(name))) {
    context.spend()
    return relationOutput(context, relation, key, inner, level)
  }
  if (isNested) throw forbidden(collection.name, name)
  const parsed = parseOperand(context, collection, name)
  return { kind: 'value', key: key === name ? parsed.key : key, operand: parsed.operand }
}

/** Sorts paths by their first member; `*` stands for every column. */
function gather(collection: Collection, paths: readonly string[], level: Level): Wanted {
  const wanted = new Map<string, string[]>()
  const want = (key: string, path: string | undefined): void => {
    const known = wanted.get(key)
    if (known === undefined) wanted.set(key, path === undefined ? [] : [path])
    else if (path !== undefined) known.push(path)
  }
  for (const path of paths) {
    const isWhole = collection.fields.has(path) || level.aliases.has(path) || isCall(path)
    const dot = isWhole ? -1 : path.indexOf('.')
    const head = dot < 0 ? path : path.slice(0, dot)
    const rest = dot < 0 ? undefined : path.slice(dot + 1)
    if (head === '*' && !collection.fields.has('*')) {
      for (const name of collection.fields.keys()) want(name, undefined)
      if (rest !== undefined) for (const name of collection.relations.keys()) want(name, rest)
    } else if (head === '' || rest === '') throw forbidden(collection.name, path)
    else want(head, rest)
  }
  return { paths: wanted }
}

function relationOutput(
  context: ParseContext,
  relation: Relation,
  key: string,
  inner: readonly string[],
  level: Level,
): Output {
  const target = context.target(relation)
  const deep = level.deep[key] ?? {}
  if (!isRecord(deep)) throw invalidQuery(`"deep" for "${key}" must be an object`)
  const rules = rulesOf(deep, key)
  const nested: Level = {
    aliases: parseAliases(rules['alias']),
    deep: Object.fromEntries(Object.entries(deep).filter(([name]) => !name.startsWith('_'))),
    depth: level.depth + 1,
  }
  if (relation.kind === 'toOne') {
    const own = target.key?.fields ?? []
    const chosen = inner.length > 0 ? inner : own.length > 0 ? own : ['*']
    return {
      kind: 'one',
      key,
      relation: relation.name,
      select: select(context, target, chosen, nested),
      where: parseFilter(context, target, rules['filter']),
    }
  }
  const page = parsePage(context, target, rules)
  if (inner.length === 0) return { kind: 'keys', key, relation: relation.name, page }
  const chosen = select(context, target, inner, nested)
  return { kind: 'many', key, relation: relation.name, select: chosen, page }
}

const DEEP_RULES = new Set(['_filter', '_sort', '_limit', '_offset', '_page', '_search', '_alias'])

function rulesOf(deep: Deep, key: string): Readonly<Record<string, unknown>> {
  const rules: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(deep)) {
    if (!name.startsWith('_')) continue
    if (!DEEP_RULES.has(name)) throw invalidQuery(`"${name}" is no part of "deep" for "${key}"`)
    rules[name.slice(1)] = value
  }
  return rules
}

function parseAliases(given: unknown): ReadonlyMap<string, string> {
  const aliases = parsedJson(given, 'alias') ?? {}
  if (!isRecord(aliases)) throw invalidQuery('"alias" must be an object')
  const entries = Object.entries(aliases).map(([alias, name]): [string, string] => {
    if (typeof name !== 'string' || !/^[\w-]{1,100}$/.test(alias)) {
      throw invalidQuery(`"${alias.slice(0, 40)}" cannot be an alias`)
    }
    return [alias, name]
  })
  return new Map(entries)
}
