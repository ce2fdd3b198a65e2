import { describe, expect, test } from 'vitest'
import { filtered, fixture } from '../support/fixture.ts'

const now = () => new Date('2024-03-01T12:00:00.000Z')

/** The same three moments in each form: January, 1 March at noon, December. */
const FORMS = {
  'text with a space': ["'2024-01-31 07:08:09'", "'2024-03-01 12:00:00'", "'2024-12-24 18:00:00'"],
  'text with a T': ["'2024-01-31T07:08:09'", "'2024-03-01T12:00:00'", "'2024-12-24T18:00:00'"],
  'text with a zone': [
    "'2024-01-31T07:08:09Z'",
    "'2024-03-01T12:00:00Z'",
    "'2024-12-24T18:00:00Z'",
  ],
  'epoch seconds': ['1706684889', '1709294400', '1735063200'],
  'epoch milliseconds': ['1706684889000', '1709294400000', '1735063200000'],
} as const

const schema = (values: readonly string[]): string => `
  CREATE TABLE moments (id INTEGER PRIMARY KEY, at DATETIME);
  INSERT INTO moments (at) VALUES (NULL), (${values.join('), (')});
`

describe.each(Object.entries(FORMS))('a column of %s', (_name, values) => {
  const cases: readonly (readonly [filter: object, ids: readonly number[]])[] = [
    [{ _eq: '2024-03-01T12:00:00Z' }, [3]],
    [{ _eq: '2024-03-01T12:00:00.000Z' }, [3]],
    [{ _eq: '2024-03-01 12:00:00' }, [3]],
    [{ _eq: '2024-03-01T14:00:00+02:00' }, [3]],
    [{ _in: ['2024-03-01T12:00:00Z', '2024-12-24T18:00:00Z'] }, [3, 4]],
    [{ _gt: '2024-03-01T11:59:59Z' }, [3, 4]],
    [{ _lt: '2024-03-01T12:00:00Z' }, [2]],
    [{ _gte: '2024-03-01' }, [3, 4]],
    [{ _lt: '2024-03-01' }, [2]],
    [{ _lte: '$NOW' }, [2, 3]],
    [{ _between: ['$NOW(-2 months)', '$NOW(-1 minute)'] }, [2]],
  ]
  test.each(cases)('compares with %j', async (rule, ids) => {
    const { data } = await fixture(schema(values), { now })
    expect(await data(filtered('moments', { at: rule }, '&fields=id'))).toEqual(
      ids.map((id) => ({ id })),
    )
  })

  test('is written in its own form, and what is no moment as it is', async () => {
    const { request, database } = await fixture(schema(values), { now })
    await request('POST', '/items/moments', { at: '2024-03-01T12:00:00.000Z' })
    const same = database.prepare(
      'SELECT count(*) AS n FROM moments AS a JOIN moments AS b USING (at) WHERE a.id = 3',
    )
    expect(same.get()).toMatchObject({ n: 2 })
    const odd = await request('POST', '/items/moments', { at: 'soon' })
    expect(odd.body.data).toMatchObject({ at: 'soon' })
  })
})

test('an empty column takes the form of its default', async () => {
  const { request, data } = await fixture(
    'CREATE TABLE notes (id INTEGER PRIMARY KEY, made DATETIME DEFAULT CURRENT_TIMESTAMP, day DATE)',
  )
  await request('POST', '/items/notes', {
    made: '2030-01-02T03:04:05.250+01:00',
    day: '2030-01-02',
  })
  expect(await data('/items/notes/1')).toEqual({
    id: 1,
    made: '2030-01-02 02:04:05.250',
    day: '2030-01-02',
  })
})

test('a column of days compares with moments', async () => {
  const { data } = await fixture(
    `
    CREATE TABLE days (id INTEGER PRIMARY KEY, day DATE);
    INSERT INTO days (day) VALUES ('2024-02-29'), ('2024-03-01');
  `,
    { now },
  )
  expect(await data(filtered('days', { day: { _eq: '$NOW' } }, '&fields=id'))).toEqual([{ id: 2 }])
  expect(await data(filtered('days', { day: '2024-02-29T23:00:00Z' }, '&fields=id'))).toEqual([
    { id: 1 },
  ])
})
