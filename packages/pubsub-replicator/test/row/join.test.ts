import { expect, test } from 'vitest'
import { decodeRecord } from '../../src/record/record.ts'
import { joinRows } from '../../src/row/join.ts'
import { writeRow } from '../../src/row/local-write.ts'
import type { Row } from '../../src/row/row.ts'
import { putRow, stampOf } from './rows.ts'

const record = (row: Row): unknown => row.value && decodeRecord(row.value)
const patch = (row: Row | undefined, fields: Record<string, unknown>, time: number, node: string) =>
  writeRow(row, { type: 'patch', fields, removed: [] }, stampOf(time, node), 'field')!

test('the last writer wins, by time and then by node', () => {
  const early = putRow(1, 'b', { v: 1 })
  const late = putRow(2, 'a', { v: 2 })
  expect(record(joinRows(early, late).row)).toEqual({ v: 2 })
  expect(record(joinRows(putRow(1, 'a', { v: 1 }), putRow(1, 'b', { v: 2 })).row)).toEqual({ v: 2 })
})

test('patches of different fields all stay and are no conflict', () => {
  const base = putRow(1, 'a', { x: 0, y: 0 })
  const joined = joinRows(patch(base, { x: 1 }, 2, 'a'), patch(base, { y: 1 }, 3, 'b'))
  expect(record(joined.row)).toEqual({ x: 1, y: 1 })
  expect(joined.lost).toBeUndefined()
})

test('two patches of one field are a conflict that names it', () => {
  const base = putRow(1, 'a', { x: 0 })
  const joined = joinRows(patch(base, { x: 1 }, 2, 'a'), patch(base, { x: 2 }, 3, 'b'))
  expect(record(joined.row)).toEqual({ x: 2 })
  expect(joined.lost?.fields).toEqual(['x'])
  expect(record(joined.lost!.loser)).toEqual({ x: 1 })
})

test('a write that has seen the other is no conflict, one that has not is', () => {
  const base = putRow(1, 'a', { v: 0 })
  const seen = writeRow(base, { type: 'put', record: { v: 1 } }, stampOf(2, 'b'), 'record')!
  expect(joinRows(base, seen).lost).toBeUndefined()
  expect(joinRows(seen, base)).toMatchObject({ changed: false, lost: undefined })
  const other = writeRow(base, { type: 'put', record: { v: 2 } }, stampOf(3, 'c'), 'record')!
  expect(joinRows(seen, other).lost).toMatchObject({ winner: other, loser: seen })
  expect(joinRows(other, seen).lost).toMatchObject({ winner: other, loser: seen })
})

test('a patch newer than a delete brings back its fields only', () => {
  const base = putRow(1, 'a', { x: 0, y: 0 })
  const gone = writeRow(base, { type: 'delete' }, stampOf(2, 'a'), 'field')!
  expect(record(gone)).toBeUndefined()
  expect(record(joinRows(gone, patch(base, { y: 1 }, 3, 'b')).row)).toEqual({ y: 1 })
  expect(record(joinRows(gone, patch(base, { y: 1 }, 1, 'b')).row)).toBeUndefined()
})

test('a projection does not wipe the fields that it does not know', () => {
  const whole = putRow(1, 'a', { x: 0, y: 0 })
  const part: Row = { ...putRow(1, 'a', { x: 0 }), columns: ['x'] }
  expect(joinRows(whole, part)).toMatchObject({ changed: false })
  const filled = joinRows(part, whole)
  expect(filled.row.columns).toBeUndefined()
  expect(record(filled.row)).toEqual({ x: 0, y: 0 })
  const other: Row = { ...putRow(1, 'a', { y: 0 }), columns: ['y'] }
  expect(joinRows(part, other).row.columns).toEqual(['x', 'y'])
  expect(record(joinRows(part, other).row)).toEqual({ x: 0, y: 0 })
})

test('a patch of a projection never speaks for the other fields, whatever the policy', () => {
  const whole = putRow(1, 'a', { x: 0, y: 0 })
  const part: Row = { ...putRow(1, 'a', { x: 0 }), columns: ['x'] }
  const patched = writeRow(
    part,
    { type: 'patch', fields: { x: 5 }, removed: [] },
    stampOf(2, 'b'),
    'record',
  )!
  expect(record(joinRows(whole, patched).row)).toEqual({ x: 5, y: 0 })
})

test('writes of one stamp amend each other', () => {
  const stamp = stampOf(5, 'a')
  const put = writeRow(undefined, { type: 'put', record: { x: 1 } }, stamp, 'field')!
  const amended = writeRow(put, { type: 'patch', fields: { y: 2 }, removed: [] }, stamp, 'field')!
  expect(amended.fields).toBeUndefined()
  expect(record(amended)).toEqual({ x: 1, y: 2 })
  expect(amended.previous).toBe(0n)
  const gone = writeRow(amended, { type: 'delete' }, stamp, 'field')!
  expect(gone.value).toBeUndefined()
  expect(
    record(writeRow(gone, { type: 'patch', fields: { z: 1 }, removed: [] }, stamp, 'field')!),
  ).toEqual({ z: 1 })
})
