import { call } from './rest.js'

/** Collections with their fields, keys and relations, as this page needs them. */
export async function loadSchema() {
  const [collections, fields, relations] = await Promise.all([
    call('GET', 'collections'),
    call('GET', 'fields'),
    call('GET', 'relations'),
  ])
  const schema = new Map()
  for (const {
    collection,
    meta,
    schema: { kind },
  } of collections.data) {
    schema.set(collection, {
      name: collection,
      kind,
      readOnly: meta.read_only,
      key: meta.primary_key,
      columns: [],
      toOne: new Map(),
      toMany: [],
    })
  }
  for (const field of fields.data) {
    if (field.schema !== null) schema.get(field.collection)?.columns.push(field)
  }
  for (const collection of schema.values()) collection.label = labelOf(collection)
  for (const {
    collection,
    field,
    related_collection,
    schema: { columns, foreign_key_columns },
    meta,
  } of relations.data) {
    const link = {
      name: field,
      columns,
      target: related_collection,
      targetColumns: foreign_key_columns,
    }
    for (const column of columns) schema.get(collection)?.toOne.set(column, link)
    schema.get(related_collection)?.toMany.push({ ...link, name: meta.one_field, collection })
  }
  return schema
}

/** The column that names a row to a person, if there is one. */
function labelOf({ columns, key }) {
  const texts = columns.filter(
    ({ type, field }) => /^(string|text)$/.test(type) && !key.includes(field),
  )
  const named = texts.find(({ field }) => /(^|_)(name|title|label|subject)$/i.test(field))
  return (named ?? texts[0])?.field
}

/** The key of a row as the API takes it, or undefined when the collection has none. */
export function keyOf({ key }, row) {
  if (key.length === 0) return undefined
  if (key.length === 1) return String(row[key[0]])
  return key.map((name) => encodeURIComponent(String(row[name]))).join(',')
}

/** The hash of the row that a to-one relation leads to, or undefined when it leads nowhere. */
export function linkOf(schema, link, row) {
  const values = link.columns.map((column) => row[column])
  if (values.some((value) => value === null || value === undefined)) return undefined
  const target = schema.get(link.target)
  const byTarget = Object.fromEntries(link.targetColumns.map((name, i) => [name, values[i]]))
  if (target.key.length > 0 && target.key.every((name) => name in byTarget)) {
    return formatRoute({ collection: link.target, row: keyOf(target, byTarget) })
  }
  return formatRoute({ collection: link.target, filter: equals(byTarget) })
}

/** A filter for rows with exactly these values. */
export const equals = (values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { _eq: value }]))

/** Where the page is: a collection, how its rows are chosen, and the row that is open. */
export function parseRoute(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [collection, row] = path.split('/').map(decodeURIComponent)
  const parameters = new URLSearchParams(query)
  const filter = parameters.get('filter')
  return {
    collection: collection || undefined,
    row: row === undefined || row === '' ? undefined : row,
    search: parameters.get('search') ?? '',
    sort: parameters.get('sort') ?? '',
    page: Math.max(1, Number(parameters.get('page')) || 1),
    filter: filter === null ? undefined : JSON.parse(filter),
  }
}

export function formatRoute({ collection, row, search, sort, page, filter }) {
  const parameters = new URLSearchParams()
  if (search) parameters.set('search', search)
  if (sort) parameters.set('sort', sort)
  if (page > 1) parameters.set('page', page)
  if (filter) parameters.set('filter', JSON.stringify(filter))
  const query = parameters.size > 0 ? `?${parameters}` : ''
  const path = [collection, row].filter((part) => part !== undefined).map(encodeURIComponent)
  return `#/${path.join('/')}${query}`
}
