// Random filters over random rows find what a naive evaluation in JavaScript finds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Fixture, filtered, fixture } from '../support/fixture.ts'

interface Parent {
  readonly id: number
  readonly name: string | null
}

interface Row {
  readonly id: number
  readonly n: number | null
  readonly s: string | null
  readonly b: boolean | null
  readonly parent_id: number | null
}

interface World {
  readonly parents: readonly Parent[]
  readonly rows: readonly Row[]
}

const SCHEMA = `
  CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE rows (id INTEGER PRIMARY KEY, n INTEGER, s TEXT, b BOOLEAN,
    parent_id INTEGER REFERENCES parents (id));
`

const number = fc.integer({ min: -3, max: 3 })
const text = fc.string({
  unit: fc.constantFrom('a', 'B', 'b', '%', '_', '\\', "'", '*'),
  maxLength: 3,
})
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 4, nil: null })

const world: fc.Arbitrary<World> = fc
  .record({
    names: fc.array(orNull(text), { maxLength: 3 }),
    rows: fc.array(fc.tuple(orNull(number), orNull(text), orNull(fc.boolean()), fc.nat(3)), {
      maxLength: 8,
    }),
  })
  .map(({ names, rows }) => ({
    parents: names.map((name, index) => ({ id: index + 1, name })),
    rows: rows.map(([n, s, b, parent], index) => ({
      id: index + 1,
      n,
      s,
      b,
      parent_id: parent >= 1 && parent <= names.length ? parent : null,
    })),
  }))

const flag = fc.boolean()
const numberRule = fc.oneof(
  fc.record({ _eq: number }),
  fc.record({ _neq: number }),
  fc.record({ _lt: number }),
  fc.record({ _lte: number }),
  fc.record({ _gt: number }),
  fc.record({ _gte: number }),
  fc.record({ _in: fc.array(number, { maxLength: 3 }) }),
  fc.record({ _nin: fc.array(number, { maxLength: 3 }) }),
  fc.record({ _between: fc.tuple(number, number) }),
  fc.record({ _nbetween: fc.tuple(number, number) }),
  fc.record({ _null: flag }),
  fc.record({ _nnull: flag }),
)
const textRule = fc.oneof(
  ...[
    '_eq',
    '_neq',
    '_lt',
    '_gt',
    '_contains',
    '_ncontains',
    '_icontains',
    '_nicontains',
    '_starts_with',
    '_nstarts_with',
    '_istarts_with',
    '_nistarts_with',
    '_ends_with',
    '_nends_with',
    '_iends_with',
    '_niends_with',
  ].map((name) => text.map((value) => ({ [name]: value }))),
  fc.record({ _empty: flag }),
  fc.record({ _nempty: flag }),
  fc.record({ _in: fc.array(text, { maxLength: 3 }) }),
)
const booleanRule = fc.oneof(fc.record({ _eq: flag }), fc.record({ _neq: flag }))

type Rules = { readonly [name: string]: unknown }

const { filter } = fc.letrec<{ filter: Rules; parentFilter: Rules }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ n: numberRule }),
    fc.record({ s: textRule }),
    fc.record({ b: booleanRule }),
    fc.record({ n: numberRule, s: textRule }),
    fc.record({ parent_id: tie('parentFilter') }),
    fc.record({ _and: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ _or: fc.array(tie('filter'), { maxLength: 3 }) }),
  ),
  parentFilter: fc.oneof(
    { depthSize: 'small' },
    fc.record({ name: textRule }),
    fc.record({ id: numberRule }),
    fc.record({ rows: fc.record({ _some: tie('filter') }) }),
    fc.record({ rows: fc.record({ _none: tie('filter') }) }),
    fc.record({ rows: tie('filter') }).filter(({ rows }) => !('_and' in rows || '_or' in rows)),
  ),
}))

/** Three-valued logic, as SQL has it: undefined is unknown. */
type Truth = boolean | undefined

const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth)
const every = (truths: readonly Truth[]): Truth =>
  truths.includes(false) ? false : truths.includes(undefined) ? undefined : true
const some = (truths: readonly Truth[]): Truth => not(every(truths.map(not)))

const lower = (value: string): string => value.toLowerCase()

function compares(value: string | number | boolean | null, operator: string, given: never): Truth {
  const positive = operator.replace(/^_n(?!ull$)(?!eq$)/, '_')
  if (positive !== operator && !['_nnull'].includes(operator)) {
    return not(compares(value, positive, given))
  }
  if (operator === '_null') return (value === null) === given
  if (operator === '_nnull') return (value !== null) === given
  if (operator === '_empty') return (value === null || value === '') === given
  if (operator === '_in' && (given as unknown[]).length === 0) return false
  if (value === null) return undefined
  const v = value as never
  const t = value as string
  switch (operator) {
    case '_eq':
      return value === given
    case '_neq':
      return value !== given
    case '_lt':
      return v < given
    case '_lte':
      return v <= given
    case '_gt':
      return v > given
    case '_gte':
      return v >= given
    case '_in':
      return (given as unknown[]).includes(value)
    case '_between':
      return v >= given[0] && v <= given[1]
    case '_contains':
      return t.includes(given)
    case '_icontains':
      return lower(t).includes(lower(given))
    case '_starts_with':
      return t.startsWith(given)
    case '_istarts_with':
      return lower(t).startsWith(lower(given))
    case '_ends_with':
      return t.endsWith(given)
    case '_iends_with':
      return lower(t).endsWith(lower(given))
    default:
      throw new Error(operator)
  }
}

const NOBODY = { id: null, name: null }

function holds(all: World, row: Row, rules: Rules): Truth {
  return every(
    Object.entries(rules).map(([name, rule]) => {
      if (name === '_and') return every((rule as Rules[]).map((one) => holds(all, row, one)))
      if (name === '_or') {
        const parts = rule as Rules[]
        return parts.length === 0 ? true : some(parts.map((one) => holds(all, row, one)))
      }
      if (name === 'parent_id') {
        const parent = all.parents.find(({ id }) => id === row.parent_id) ?? NOBODY
        return parentHolds(all, parent, rule as Rules)
      }
      const [operator, value] = Object.entries(rule as object)[0] as [string, never]
      return compares(row[name as keyof Row], operator, value)
    }),
  )
}

function parentHolds(all: World, parent: Parent | typeof NOBODY, rules: Rules): Truth {
  const [[name, rule] = ['', {}]] = Object.entries(rules)
  if (name !== 'rows') {
    const [operator, value] = Object.entries(rule as object)[0] as [string, never]
    return compares(parent[name as 'id' | 'name'], operator, value)
  }
  const children = all.rows.filter((row) => parent.id !== null && row.parent_id === parent.id)
  const [quantifier, inner] = (Object.entries(rule as object).find(([key]) =>
    /^_(some|none)$/.test(key),
  ) ?? ['_some', rule]) as [string, Rules]
  const isMet = children.some((child) => holds(all, child, inner) === true)
  return quantifier === '_none' ? !isMet : isMet
}

function fill({ database }: Fixture, { parents, rows }: World): void {
  database.exec('DELETE FROM rows; DELETE FROM parents')
  const parent = database.prepare('INSERT INTO parents VALUES (?, ?)')
  for (const { id, name } of parents) parent.run(id, name)
  const row = database.prepare('INSERT INTO rows VALUES (?, ?, ?, ?, ?)')
  for (const { id, n, s, b, parent_id } of rows) {
    row.run(id, n, s, b === null ? null : Number(b), parent_id)
  }
}

test('a random filter finds what a naive evaluation finds', async () => {
  const served = await fixture(SCHEMA)
  await fc.assert(
    fc.asyncProperty(world, filter, async (all, rules) => {
      fill(served, all)
      const path = filtered('rows', rules, '&fields=id&meta=filter_count')
      const { status, body, text: answer } = await served.request('GET', path)
      expect([status, answer]).toEqual([200, answer])
      const expected = all.rows.filter((row) => holds(all, row, rules) === true)
      expect(body.data).toEqual(expected.map(({ id }) => ({ id })))
      expect(body.meta).toEqual({ filter_count: expected.length })
    }),
    { numRuns: Number(process.env['SCHEMA_API_RUNS'] ?? 400) },
  )
})
