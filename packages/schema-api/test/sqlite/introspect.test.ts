import { DatabaseSync } from 'node:sqlite'
import { createApi } from '@ashlar/schema-api'
import { describe, expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'

const TORTURE = `
  CREATE TABLE "Mixed Case Table" (
    "Id" INTEGER PRIMARY KEY,
    "select" TEXT NOT NULL DEFAULT 'it''s',
    "1st" INT DEFAULT (1 + 1),
    "with ""quotes""" VARCHAR(12),
    [bracketed name] REAL DEFAULT -1.5,
    \`tick\` BOOLEAN DEFAULT TRUE,
    "dotted.name" NUMERIC(10, 2) DEFAULT 0.10,
    made TEXT DEFAULT CURRENT_TIMESTAMP,
    empty TEXT DEFAULT NULL,
    big BIGINT DEFAULT 9007199254740993
  );
  CREATE TABLE "1table" ("2column" TEXT PRIMARY KEY);
  CREATE TABLE "order" ("group" INTEGER PRIMARY KEY, "table" TEXT);

  CREATE TABLE composite (a INTEGER, b TEXT, note TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
  CREATE TABLE refers (
    id INTEGER PRIMARY KEY,
    ca INTEGER, cb TEXT,
    FOREIGN KEY (cb, ca) REFERENCES composite (b, a) ON DELETE CASCADE ON UPDATE SET NULL
  );
  CREATE TABLE refers_by_default (x TEXT, y INTEGER, FOREIGN KEY (x, y) REFERENCES Composite);

  CREATE TABLE employees (
    id INTEGER PRIMARY KEY,
    manager_id INTEGER REFERENCES EMPLOYEES (ID),
    mentor_id INTEGER REFERENCES employees (id)
  );
  CREATE INDEX by_manager ON employees (manager_id);

  CREATE TABLE generated (
    id INTEGER PRIMARY KEY, a INT, b INT,
    total INT GENERATED ALWAYS AS (a + coalesce(b, 0)) STORED,
    label TEXT AS ('#' || a) VIRTUAL,
    status TEXT CHECK (status IN ('new', 'it''s done')),
    price REAL CHECK (price > 0),
    level INT, CHECK ("level" IN (1, 2, 3))
  );
  CREATE TABLE no_key (a TEXT, b INT);
  CREATE TABLE shadowed (rowid TEXT, b INT);
  CREATE TABLE unique_key (code TEXT NOT NULL UNIQUE, name TEXT, UNIQUE (code, name));
  CREATE TABLE nullable_unique (code TEXT UNIQUE);
  CREATE TABLE strict_types (id INTEGER PRIMARY KEY, i INT, r REAL, t TEXT, b BLOB, x ANY) STRICT;
  CREATE TABLE "to unique" (id INTEGER PRIMARY KEY, code TEXT REFERENCES unique_key (code));
  CREATE TABLE one_to_one (id INTEGER PRIMARY KEY REFERENCES employees (id));
  CREATE TABLE dangling (id INTEGER PRIMARY KEY, gone INTEGER REFERENCES never_made (id));
  CREATE TABLE partly_indexed (id INTEGER PRIMARY KEY, a INT, b INT);
  CREATE UNIQUE INDEX partial ON partly_indexed (a) WHERE b > 0;
  CREATE UNIQUE INDEX expression ON partly_indexed (lower(b));

  CREATE VIEW "a view" AS SELECT id, a + b AS sum FROM generated;
  CREATE VIEW broken AS SELECT * FROM never_made;
  CREATE VIRTUAL TABLE searchable USING fts5 (title, body);
  CREATE TRIGGER touched AFTER UPDATE ON no_key BEGIN UPDATE no_key SET b = b; END;
`

const open = () => fixture(TORTURE)

describe('names', () => {
  test('are kept as they are, however odd', async () => {
    const { api } = await open()
    expect(new Set(api.catalog.collections.keys())).toEqual(
      new Set([
        '1table',
        'Mixed Case Table',
        'a view',
        'composite',
        'dangling',
        'employees',
        'generated',
        'no_key',
        'nullable_unique',
        'one_to_one',
        'order',
        'partly_indexed',
        'refers',
        'refers_by_default',
        'searchable',
        'shadowed',
        'strict_types',
        'to unique',
        'unique_key',
      ]),
    )
    const fields = [...(api.catalog.collections.get('Mixed Case Table')?.fields.keys() ?? [])]
    expect(fields).toContain('with "quotes"')
    expect(fields).toContain('bracketed name')
    expect(fields).toContain('1st')
  })

  test('work all the way through REST', async () => {
    const { request, data } = await open()
    const table = encodeURIComponent('Mixed Case Table')
    const created = await request('POST', `/items/${table}`, { 'with "quotes"': 'x', '1st': 7 })
    expect(created.status).toBe(200)
    const [row] = (await data(`/items/${table}?filter[1st][_eq]=7&sort=-dotted.name`)) as object[]
    expect(row).toEqual({
      Id: 1,
      select: "it's",
      '1st': 7,
      'with "quotes"': 'x',
      'bracketed name': -1.5,
      tick: true,
      'dotted.name': '0.1',
      made: expect.stringMatching(/^\d{4}-/),
      empty: null,
      big: '9007199254740993',
    })
    await request('POST', '/items/order', { table: 'from' })
    expect(await data('/items/order?fields=table&filter[table][_eq]=from')).toEqual([
      { table: 'from' },
    ])
    await request('POST', '/items/1table', { '2column': 'a,b' })
    expect(await data('/items/1table/a%2Cb')).toEqual({ '2column': 'a,b' })
    expect(await data(`/items/${table}?fields=dotted.name`)).toEqual([{ 'dotted.name': '0.1' }])
  })
})

describe('columns', () => {
  test('have types with their sizes', async () => {
    const { api } = await open()
    const fields = api.catalog.collections.get('Mixed Case Table')?.fields
    expect(fields?.get('with "quotes"')).toMatchObject({ type: 'string', maxLength: 12 })
    expect(fields?.get('dotted.name')).toMatchObject({ type: 'decimal', precision: 10, scale: 2 })
    expect(fields?.get('tick')?.type).toBe('boolean')
    expect(fields?.get('big')?.type).toBe('bigInteger')
    const strict = api.catalog.collections.get('strict_types')?.fields.values() ?? []
    expect([...strict].map(({ type }) => type)).toEqual([
      'integer',
      'integer',
      'float',
      'text',
      'binary',
      'unknown',
    ])
  })

  test('have defaults told apart into literals and expressions', async () => {
    const { api } = await open()
    const fields = api.catalog.collections.get('Mixed Case Table')?.fields
    expect(fields?.get('select')?.default).toEqual({ kind: 'literal', value: "it's" })
    expect(fields?.get('1st')?.default).toEqual({ kind: 'expression', sql: '1 + 1' })
    expect(fields?.get('bracketed name')?.default).toEqual({ kind: 'literal', value: -1.5 })
    expect(fields?.get('tick')?.default).toEqual({ kind: 'literal', value: true })
    expect(fields?.get('made')?.default).toEqual({ kind: 'expression', sql: 'CURRENT_TIMESTAMP' })
    expect(fields?.get('empty')?.default).toEqual({ kind: 'literal', value: null })
    expect(fields?.get('big')?.default).toEqual({ kind: 'literal', value: '9007199254740993' })
    expect(fields?.get('Id')?.default).toEqual({ kind: 'none' })
  })

  test('say how they are generated and which values they allow', async () => {
    const { api } = await open()
    const fields = api.catalog.collections.get('generated')?.fields
    expect(fields?.get('total')?.generated).toEqual({
      kind: 'stored',
      expression: 'a + coalesce(b, 0)',
    })
    expect(fields?.get('label')?.generated).toEqual({ kind: 'virtual', expression: "'#' || a" })
    expect(fields?.get('status')?.choices).toEqual(['new', "it's done"])
    expect(fields?.get('level')?.choices).toEqual([1, 2, 3])
    expect(fields?.get('price')?.choices).toBeUndefined()
  })
})

describe('keys', () => {
  const keys: readonly (readonly [collection: string, key: unknown])[] = [
    ['composite', { kind: 'primary', fields: ['b', 'a'] }],
    ['no_key', { kind: 'rowid', fields: ['rowid'] }],
    ['shadowed', { kind: 'rowid', fields: ['_rowid_'] }],
    ['unique_key', { kind: 'unique', fields: ['code'] }],
    ['nullable_unique', { kind: 'rowid', fields: ['rowid'] }],
    ['employees', { kind: 'primary', fields: ['id'] }],
    ['a view', undefined],
    ['searchable', undefined],
  ]
  test.each(keys)('%s is addressed by %j', async (collection, key) => {
    const { api } = await open()
    expect(api.catalog.collections.get(collection)?.key).toEqual(key)
  })

  test('leave out partial indexes and indexes on expressions', async () => {
    const { api } = await open()
    expect(api.catalog.collections.get('partly_indexed')?.uniqueKeys).toEqual([['id']])
  })

  test('of a view come from the owner', async () => {
    const { api, data, request } = await fixture(TORTURE, { keys: { 'a view': ['id'] } })
    expect(api.catalog.collections.get('a view')?.key).toEqual({
      kind: 'annotated',
      fields: ['id'],
    })
    await request('POST', '/items/generated', { a: 1, b: 2 })
    expect(await data('/items/a%20view/1')).toEqual({ id: 1, sum: 3 })
  })

  test('that name no column are refused at once', async () => {
    const database = new DatabaseSync(':memory:')
    database.exec(TORTURE)
    const api = createApi({ database, keys: { 'a view': ['nope'] } })
    await expect(api).rejects.toThrow(RangeError)
    database.close()
  })
})

describe('relations', () => {
  test('exist for every foreign key, both ways, and are named without configuration', async () => {
    const { api } = await open()
    const named = (collection: string) =>
      [...(api.catalog.collections.get(collection)?.relations.values() ?? [])].map(
        ({ name, kind, target }) => `${name}: ${kind} ${target}`,
      )
    expect(named('refers')).toEqual(['composite: toOne composite'])
    expect(named('composite')).toEqual([
      'refers: toMany refers',
      'refers_by_default: toMany refers_by_default',
    ])
    expect(named('employees').sort()).toEqual([
      'employees_by_manager_id: toMany employees',
      'employees_by_mentor_id: toMany employees',
      'manager_id: toOne employees',
      'mentor_id: toOne employees',
      'one_to_one: toMany one_to_one',
    ])
    expect(named('to unique')).toEqual(['code: toOne unique_key'])
    expect(named('one_to_one')).toEqual(['id: toOne employees'])
    expect(named('dangling')).toEqual([])
  })

  test('over composite keys carry their actions and column pairs', async () => {
    const { api } = await open()
    expect(api.catalog.collections.get('refers')?.foreignKeys).toEqual([
      {
        fields: ['cb', 'ca'],
        target: 'composite',
        targetFields: ['b', 'a'],
        onUpdate: 'SET NULL',
        onDelete: 'CASCADE',
      },
    ])
    expect(api.catalog.collections.get('refers_by_default')?.foreignKeys[0]).toMatchObject({
      fields: ['x', 'y'],
      target: 'composite',
      targetFields: ['b', 'a'],
    })
  })

  test('over composite keys and to unique columns nest', async () => {
    const { data, database } = await open()
    database.exec(`
      INSERT INTO composite VALUES (1, 'x', 'one'), (2, 'x', 'two');
      INSERT INTO refers VALUES (10, 1, 'x'), (11, 2, 'x'), (12, 1, 'x'), (13, NULL, 'x');
      INSERT INTO unique_key VALUES ('k', 'key');
      INSERT INTO "to unique" VALUES (1, 'k'), (2, NULL);
    `)
    expect(await data('/items/refers?fields=id,composite.note')).toEqual([
      { id: 10, composite: { note: 'one' } },
      { id: 11, composite: { note: 'two' } },
      { id: 12, composite: { note: 'one' } },
      { id: 13, composite: null },
    ])
    expect(await data('/items/refers?fields=composite&limit=1')).toEqual([
      { composite: { b: 'x', a: 1 } },
    ])
    expect(await data('/items/composite/x%2C1?fields=note,refers')).toEqual({
      note: 'one',
      refers: [10, 12],
    })
    expect(await data('/items/to%20unique?fields=id,code.name')).toEqual([
      { id: 1, code: { name: 'key' } },
      { id: 2, code: null },
    ])
  })
})

test('reading a schema and data leaves the database file as it was', async () => {
  const { data, database } = await open()
  const before = database.prepare('SELECT sql FROM sqlite_schema').all()
  const changes = database.prepare('SELECT total_changes() AS n').get()
  await data('/items/employees')
  expect(database.prepare('SELECT sql FROM sqlite_schema').all()).toEqual(before)
  expect(database.prepare('SELECT total_changes() AS n').get()).toEqual(changes)
})

test('hidden collections do not exist for anybody, nor do relations to them', async () => {
  const { api, code } = await fixture(TORTURE, { hidden: ['employees'] })
  expect(api.catalog.collections.has('employees')).toBe(false)
  expect(api.catalog.collections.get('one_to_one')?.relations.size).toBe(0)
  expect(await code('/items/employees')).toBe('FORBIDDEN')
})

test('a change of the schema is noticed at the first unknown name', async () => {
  const { database, data, code } = await fixture('CREATE TABLE old (id INTEGER PRIMARY KEY)')
  expect(await code('/items/brand_new')).toBe('FORBIDDEN')
  database.exec('CREATE TABLE brand_new (id INTEGER PRIMARY KEY); INSERT INTO brand_new VALUES (1)')
  expect(await data('/items/brand_new')).toEqual([{ id: 1 }])
  database.exec('ALTER TABLE brand_new ADD COLUMN more TEXT')
  expect(await data('/items/brand_new?fields=more')).toEqual([{ more: null }])
  database.exec('ALTER TABLE brand_new DROP COLUMN more')
  expect(await data('/items/brand_new')).toEqual([{ id: 1 }])
})
