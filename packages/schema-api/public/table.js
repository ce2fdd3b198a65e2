import { count, el } from './dom.js'
import { call, itemPath } from './rest.js'
import { equals, formatRoute, keyOf, linkOf } from './schema.js'

const PAGE_SIZE = 25
const LONG = 80
const NUMBERS = new Set(['integer', 'bigInteger', 'float', 'decimal'])

/** The rows of a collection as a table with its search, order and pages. */
export async function tableView(schema, route, { onCreate }) {
  const collection = schema.get(route.collection)
  const query = queryOf(route, labelsOf(schema, collection))
  const { data, meta } = await call('GET', `${itemPath(collection.name)}?${query}`)
  return [
    heading(collection, meta, onCreate),
    toolbar(route),
    data.length === 0 ? empty(route, meta) : table(schema, collection, route, data),
    meta.filter_count > 0 && pager(route, meta),
  ]
}

/**
 * To-one relations whose rows have a name: each is read a second time under an alias, so that the
 * table can show the name beside the key, in the same request.
 */
function labelsOf(schema, { toOne }) {
  return [...toOne.values()]
    .filter(({ columns, target }) => columns.length === 1 && schema.get(target).label)
    .map(({ name, target }) => ({ alias: aliasOf(name), name, label: schema.get(target).label }))
}

const aliasOf = (name) => `label-${name.replaceAll(/[^\w-]/g, '_')}`

function queryOf({ search, sort, page, filter }, labels) {
  const query = new URLSearchParams({ limit: PAGE_SIZE, page, meta: '*' })
  if (labels.length > 0) {
    const fields = ['*', ...labels.map(({ alias, label }) => `${alias}.${label}`)]
    query.set('fields', JSON.stringify(fields))
    query.set(
      'alias',
      JSON.stringify(Object.fromEntries(labels.map((one) => [one.alias, one.name]))),
    )
  }
  if (search) query.set('search', search)
  if (sort) query.set('sort', sort)
  if (filter) query.set('filter', JSON.stringify(filter))
  return query
}

function heading(collection, { total_count }, onCreate) {
  const kind =
    collection.kind === 'view' ? 'view, read-only' : collection.readOnly ? 'read-only' : ''
  const create = el('button', { type: 'button', class: 'primary', onclick: onCreate }, 'New row')
  const rows = total_count === 1 ? '1 row' : `${count(total_count)} rows`
  return el(
    'div',
    { class: 'heading' },
    el('h1', {}, collection.name),
    el('p', { class: 'about' }, kind ? `${rows} · ${kind}` : rows),
    !collection.readOnly && create,
  )
}

function toolbar(route) {
  const input = el('input', {
    type: 'search',
    id: 'search',
    name: 'search',
    value: route.search,
    placeholder: 'Text or number',
    autocomplete: 'off',
  })
  const submit = (event) => {
    event.preventDefault()
    location.hash = formatRoute({ ...route, row: undefined, page: 1, search: input.value.trim() })
  }
  input.addEventListener('search', submit)
  return el(
    'div',
    { class: 'toolbar' },
    el(
      'form',
      { role: 'search', onsubmit: submit },
      el('label', { for: 'search' }, 'Search'),
      input,
      el('button', { type: 'submit' }, 'Search'),
    ),
    route.filter && filterChip(route),
  )
}

function filterChip(route) {
  const text = Object.entries(route.filter)
    .map(([name, { _eq }]) => `${name} = ${_eq}`)
    .join(', ')
  const href = formatRoute({ ...route, filter: undefined, page: 1 })
  return el('p', { class: 'chip' }, `Only ${text} `, el('a', { href }, 'Show all'))
}

function empty({ collection, search, filter, page }, { total_count, filter_count }) {
  const isNarrowed = search || filter
  if (page > 1 && filter_count > 0) return notice('This page lies behind the last row.')
  if (total_count === 0) return notice('There are no rows yet.')
  if (!isNarrowed) return notice('There is nothing to show.')
  const href = formatRoute({ collection })
  return el('p', { class: 'notice' }, 'No row matches. ', el('a', { href }, 'Show all rows'))
}

export const notice = (text) => el('p', { class: 'notice' }, text)

function table(schema, collection, route, rows) {
  const head = collection.columns.map((column) => headCell(collection, column, route))
  const body = rows.map((row) => bodyRow(schema, collection, route, row))
  const label = `Rows of ${collection.name}`
  return el(
    'div',
    { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': label },
    el(
      'table',
      {},
      el('caption', { class: 'hidden' }, label),
      el(
        'thead',
        {},
        el('tr', {}, el('th', { scope: 'col' }, el('span', { class: 'hidden' }, 'Row')), head),
      ),
      el('tbody', {}, body),
    ),
  )
}

function headCell(collection, { field, type, schema }, route) {
  const isUp = route.sort === field
  const isDown = route.sort === `-${field}`
  const sort = isUp ? `-${field}` : isDown ? '' : field
  const mark = isUp ? '▲' : isDown ? '▼' : ''
  const order = isUp ? 'ascending' : isDown ? 'descending' : undefined
  const relation = collection.toOne.get(field)
  const about = relation ? `${type} → ${relation.target}` : type
  const href = formatRoute({ ...route, row: undefined, sort, page: 1 })
  return el(
    'th',
    { scope: 'col', 'aria-sort': order, class: NUMBERS.has(type) && !relation && 'number' },
    el(
      'a',
      { href, title: `${field}: ${about}. Sort by it.` },
      schema.is_primary_key && el('span', { class: 'key', title: 'Key' }, '⚷ '),
      field,
      el('span', { class: 'mark', 'aria-hidden': 'true' }, mark),
    ),
    el('small', {}, about),
  )
}

function bodyRow(schema, collection, route, row) {
  const key = keyOf(collection, row)
  const href = key === undefined ? undefined : formatRoute({ ...route, row: key })
  const verb = collection.readOnly ? 'View' : 'Edit'
  const open = href && el('a', { class: 'open', href, 'aria-label': `${verb} row ${key}` }, verb)
  const cells = collection.columns.map((column) => bodyCell(schema, collection, column, row))
  const onclick = (event) => {
    if (href && !event.target.closest('a') && getSelection().isCollapsed) location.hash = href
  }
  return el('tr', { class: href && 'openable', onclick }, el('td', {}, open ?? ''), cells)
}

function bodyCell(schema, collection, { field, type }, row) {
  const value = row[field]
  const relation = collection.toOne.get(field)
  const attributes = { class: NUMBERS.has(type) && !relation && 'number' }
  if (value === null) return el('td', attributes, el('span', { class: 'null' }, 'null'))
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const short = cut(text)
  const href = relation && linkOf(schema, relation, row)
  if (href === undefined) {
    return el('td', { ...attributes, title: short !== text && text.slice(0, 1000) }, short)
  }
  const name = Object.values(row[aliasOf(relation.name)] ?? {})[0]
  const shown = name === undefined || name === null ? short : cut(String(name))
  const key = shown !== short && el('small', { class: 'id' }, short)
  const label = `${field} ${shown}, open in ${relation.target}`
  return el('td', {}, el('a', { href, class: 'follow', 'aria-label': label }, shown, arrow()), key)
}

const cut = (text) => (text.length > LONG ? `${text.slice(0, LONG)}…` : text)

export const arrow = () => el('span', { class: 'arrow', 'aria-hidden': 'true' }, ' ↗')

/** The hash of the rows on the other side of a to-many relation. */
export function manyHref(relation, row) {
  const values = relation.columns.map((column, i) => [column, row[relation.targetColumns[i]]])
  return formatRoute({
    collection: relation.collection,
    filter: equals(Object.fromEntries(values)),
  })
}

function pager(route, { filter_count }) {
  const pages = Math.max(1, Math.ceil(filter_count / PAGE_SIZE))
  const first = Math.min(filter_count, (route.page - 1) * PAGE_SIZE + 1)
  const last = Math.min(filter_count, route.page * PAGE_SIZE)
  const to = (page, text) => {
    const isThere = page >= 1 && page <= pages && page !== route.page
    const href = isThere ? formatRoute({ ...route, row: undefined, page }) : undefined
    return el(
      'a',
      { href, class: 'button', 'aria-disabled': !isThere && 'true', role: !isThere && 'link' },
      text,
    )
  }
  const where =
    filter_count === 0 ? 'No rows' : `${count(first)}–${count(last)} of ${count(filter_count)}`
  return el(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    to(1, 'First'),
    to(Math.min(route.page - 1, pages), 'Previous'),
    el('span', {}, where),
    to(route.page + 1, 'Next'),
    to(pages, 'Last'),
  )
}
