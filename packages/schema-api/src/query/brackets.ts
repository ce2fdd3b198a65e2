import { invalidQuery } from '../errors.ts'

/** Nested further than any query that would be accepted. */
const MAX_LEVELS = 24

type Nested = { [name: string]: unknown }

/**
 * Turns `filter[price][_gt]=5` into `{ filter: { price: { _gt: '5' } } }`. `a[]=1&a[]=2` and
 * `a[0]=1&a[1]=2` become lists. The objects have no prototype, so any name is only a name.
 */
export function nestQuery(flat: Readonly<Record<string, unknown>>): Nested {
  const root: Nested = Object.create(null)
  for (const [key, value] of Object.entries(flat)) {
    const open = key.indexOf('[')
    if (open <= 0 || !key.endsWith(']')) root[key] = value
    else place(root, [key.slice(0, open), ...key.slice(open + 1, -1).split('][')], value)
  }
  for (const [key, value] of Object.entries(root)) root[key] = withLists(value)
  return root
}

function place(root: Nested, path: readonly string[], value: unknown): void {
  if (path.length > MAX_LEVELS) throw invalidQuery('It is nested too deeply')
  let at = root
  for (const name of path.slice(0, -1)) {
    const next = at[name]
    if (isNested(next)) at = next
    else if (next === undefined) {
      const fresh: Nested = Object.create(null)
      at[name] = fresh
      at = fresh
    } else throw invalidQuery(`"${path[0]}" is both a value and an object`)
  }
  const last = path.at(-1) ?? ''
  if (last === '') {
    const values = Array.isArray(value) ? value : [value]
    for (const item of values) at[String(Object.keys(at).length)] = item
  } else if (at[last] === undefined) at[last] = value
  else throw invalidQuery(`"${path[0]}" says the same thing twice`)
}

const isNested = (value: unknown): value is Nested =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function withLists(value: unknown): unknown {
  if (!isNested(value)) return value
  const keys = Object.keys(value)
  for (const key of keys) value[key] = withLists(value[key])
  const isList = keys.length > 0 && keys.every((key, index) => key === String(index))
  return isList ? keys.map((key) => value[key]) : value
}
