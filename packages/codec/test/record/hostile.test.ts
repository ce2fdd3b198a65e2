// Bytes made to hurt: lengths that promise much, depth, and what other readers would execute.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createRecordCodec } from '@ashlar/codec'
import { expect, test } from 'vitest'
import { record, UNFOUNDED_CLAIMS } from './hostile-records.ts'

const codec = createRecordCodec<unknown>({ version: 1 })
const refused = (bytes: Uint8Array, code = 'RECORD_CORRUPT'): void =>
  expect(() => codec.decode(bytes)).toThrow(expect.objectContaining({ name: 'CodecError', code }))

test.each(UNFOUNDED_CLAIMS)('%s', (_, bytes) => refused(bytes))

test('claims allocate nothing: a process with a small heap refuses them all', () => {
  const child = new URL('./hostile-child.ts', import.meta.url)
  const { status, stderr } = spawnSync(
    process.execPath,
    [...process.execArgv, '--max-old-space-size=40', fileURLToPath(child)],
    { encoding: 'utf8' },
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('nesting is counted, not recursed into', () => {
  for (const token of [0x91, 0x81, 0xdc, 0xde]) {
    refused(record(new Uint8Array(1_000_000).fill(token)), 'RECORD_TOO_DEEP')
  }
  const sets = Uint8Array.from({ length: 300_000 }, (_, i) => [0xd4, 0x73, 0x00][i % 3] ?? 0)
  refused(record(sets)) // a set of a set: its items must be an array
  const setsInArrays = Uint8Array.from(
    { length: 400_000 },
    (_, i) => [0xd4, 0x73, 0x00, 0x91][i % 4] ?? 0,
  )
  refused(record(setsInArrays), 'RECORD_TOO_DEEP')
  const ownShapes = Uint8Array.from(
    { length: 600_000 },
    (_, i) => [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61][i % 6] ?? 0,
  )
  refused(record(ownShapes), 'RECORD_TOO_DEEP')
})

test.each([
  ['an error', 0x65],
  ['a regular expression', 0x78],
  ['a reference by id', 0x69],
  ['a pointer', 0x70],
  ['bundled strings', 0x62],
  ['an extension of someone else', 0x01],
])('%s, which msgpackr would make, is refused', (_, type) => {
  refused(record([0xd4, type, 0x00, 0x92, 0xa1, 0x61, 0xa1, 0x62]))
  refused(record([0xd6, type, 0, 0, 0, 1, 0xc0]))
  refused(record([0xc7, 0x02, type, 0x90, 0x90]))
})

test.each([
  ['the token that is never used', [0xc1]],
  ['an object without a shape', [0x40]],
  ['more than one value', [0x01, 0x02]],
  ['no value', []],
  ['a set of a text', [0xd4, 0x73, 0x00, 0xa2, 0x61, 0x62]],
  ['a typed array of half an element', [0xc7, 0x04, 0x74, 0x08, 1, 2, 3]],
  ['a typed array of no known type', [0xc7, 0x02, 0x74, 0x0b, 1]],
  ['a typed array of no type', [0xc7, 0x00, 0x74]],
  ['a bigint without digits', [0xc7, 0x00, 0x42]],
  ['a timestamp of three bytes', [0xc7, 0x03, 0xff, 0, 0, 0]],
  ['a timestamp with too many nanoseconds', [0xd7, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
  ['a timestamp beyond dates', [0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]],
  ['a shape whose number is none', [0xd4, 0x72, 0x01, 0x90]],
  ['a shape whose keys are no texts', [0xd4, 0x72, 0x40, 0x91, 0x01, 0x01]],
])('%s is refused', (_, body) => refused(record(body)))

test.each([
  ['no version', []],
  ['version 0', [0, 0, 0xc0]],
  ['a version cut off', [0x81]],
  ['a version longer than it needs to be', [0x81, 0x00, 0x00, 0xc0]],
  ['a version above 65,535', [0x80, 0x80, 0x04, 0x00, 0xc0]],
  ['no table', [1]],
  ['a table longer than the record', [1, 4, 1, 1, 0x61]],
  ['a table whose length is no number', [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a shape with more keys than bytes', [1, 2, 5, 0, 0xc0]],
  ['a key longer than the table', [1, 3, 1, 2, 0x61, 0x61, 0x40, 0x01]],
  ['a table of 65 shapes', [1, 65, ...Buffer.alloc(65), 0xc0]],
])('%s is refused', (_, bytes) => refused(Uint8Array.from(bytes)))

test('malformed UTF-8 becomes U+FFFD, short or long, in keys and in values', () => {
  expect(codec.decode(record([0xa2, 0x61, 0xff]))).toBe('a\ufffd')
  const long = [0xd9, 100, ...Buffer.alloc(99, 0x61), 0xc3]
  expect(codec.decode(record(long))).toBe(`${'a'.repeat(99)}\ufffd`)
  expect(codec.decode(Uint8Array.of(1, 3, 1, 1, 0xff, 0x40, 1))).toEqual({ '\ufffd': 1 })
})

test('tables that are never twice the same are forgotten', () => {
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 20_000; i++) {
    const key = Buffer.from(`${i}`.padStart(100, 'k'))
    codec.decode(Uint8Array.of(1, 102, 1, 100, ...key, 0x40, 1))
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000)
})
