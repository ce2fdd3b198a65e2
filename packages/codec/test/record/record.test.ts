import { createRecordCodec, encodeKey, type RecordCodecOptions } from '@ashlar/codec'
import { expect, test } from 'vitest'
import { secondReader } from './second-reader.ts'
import { manyShapes } from './values.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const codec = createRecordCodec<unknown>({ version: 1 })
const coded = (code: string): unknown => expect.objectContaining({ name: 'CodecError', code })

// The examples of docs/formats/records.md: records are on people's disks, so these never change.
test.each<[string, unknown]>([
  ['0100c0', null],
  ['0100a3616263', 'abc'],
  ['01000f', 15],
  ['0100cc40', 64],
  ['01009301c3d40000', [1, true, undefined]],
  ['010301016140' + '05', { a: 5 }],
  ['010601016101016292' + '400141' + '02', [{ a: 1 }, { b: 2 }]],
  ['010301016192' + '40014002', [{ a: 1 }, { a: 2 }]],
  ['010081a16101', new Map([['a', 1]])],
  ['0100d473009101', new Set([1])],
  ['0100d6ff00000000', new Date(0)],
  ['0100c704740101' + '0203', Uint8Array.of(1, 2, 3)],
  ['0100d30000000000000005', 5n],
])('%s is written as documented', (bytes, value) => {
  expect(hex(codec.encode(value))).toBe(bytes)
  expect(codec.decode(Buffer.from(bytes, 'hex'))).toEqual(value)
})

test('shapes are numbered by first use in the record, not by the history of the codec', () => {
  const own = createRecordCodec<unknown>({ version: 1 })
  own.encode({ first: 1 })
  const bytes = own.encode([{ second: 1 }, { first: 1 }, { second: 2 }])
  expect(secondReader(bytes).shapes).toEqual([['second'], ['first']])
})

test('more shapes than a table takes are defined in the body', () => {
  expect(secondReader(codec.encode(manyShapes(32))).shapes).toHaveLength(32)
  const bytes = codec.encode(manyShapes(33))
  expect(secondReader(bytes)).toEqual({ version: 1, shapes: [], value: manyShapes(33) })
})

test('strings that are no Unicode come back with U+FFFD', () => {
  const short = codec.decode(codec.encode('a\ud800b'))
  expect(short).toMatch(/^a\ufffd+b$/)
  expect(codec.decode(codec.encode('\udc00'.repeat(100)))).toMatch(/^\ufffd{100,}$/)
})

test('a byte order mark stays, in strings of any length', () => {
  for (const text of ['\ufeff', `\ufeff${'x'.repeat(100)}`, `\ufeff${'é'.repeat(1000)}`]) {
    expect(codec.decode(codec.encode({ text }))).toEqual({ text })
  }
})

test('instances are stored as their toJSON, else as their own properties', () => {
  class Point {
    readonly x = 1
    readonly #hidden = 2
    sum(): number {
      return this.x + this.#hidden
    }
  }
  const value = { url: new URL('https://example.com/a'), point: new Point(), none: () => 1 }
  expect(codec.decode(codec.encode(value))).toEqual({
    url: 'https://example.com/a',
    point: { x: 1 },
    none: undefined,
  })
})

test('an own __proto__ is a property and never the prototype', () => {
  const value = JSON.parse('{"__proto__":{"polluted":true},"a":[{"__proto__":1}]}')
  const decoded = codec.decode(codec.encode(value)) as object
  expect(JSON.stringify(decoded)).toBe(JSON.stringify(value))
  expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
  expect('polluted' in decoded).toBe(false)
  // Often enough for the shape to be compiled.
  const bytes = codec.encode({ ['__proto__']: 1, other: 2 })
  for (let i = 0; i < 1000; i++) {
    const again = codec.decode(bytes) as object
    expect(Object.getPrototypeOf(again)).toBe(Object.prototype)
  }
})

test('keys that look like code stay keys, also in shapes that are compiled', () => {
  const value = { '"]:0,[process.exit(1),"': 1, 'a\n\u2028"': 2, '${x}': 3, '': 4 }
  const bytes = codec.encode(value)
  for (let i = 0; i < 1000; i++) expect(codec.decode(bytes)).toEqual(value)
})

test.each<[string, unknown]>([
  ['an error', new Error('x')],
  ['a regular expression', /x/],
  ['a symbol', Symbol('x')],
  ['a DataView', new DataView(new ArrayBuffer(2))],
  ['a bigint of more than 8,192 bits', 1n << 8200n],
  ['a key named __keys__', { a: 1, __keys__: 2 }],
  ['such a key among many shapes', [...manyShapes(40), { a: 1, __keys__: 2 }]],
])('%s is refused, and the codec goes on', (_, value) => {
  const own = createRecordCodec<unknown>({ version: 1 })
  own.encode({ a: 1 })
  expect(() => own.encode({ deep: [value] })).toThrow(coded('RECORD_INVALID'))
  expect(own.decode(own.encode([{ a: 1 }, { a: 1, b: 2 }]))).toEqual([{ a: 1 }, { a: 1, b: 2 }])
})

test('what a toJSON throws is the cause, and encode may be called from one', () => {
  const failure = new Error('broken')
  const broken = {
    constructor: null,
    toJSON: () => {
      throw failure
    },
  }
  expect(() => codec.encode([broken])).toThrow(expect.objectContaining({ cause: failure }))
  const nested = { constructor: null, toJSON: () => [...codec.encode({ inner: 1 })] }
  expect(codec.decode(codec.encode({ outer: nested, after: { inner: 2 } }))).toEqual({
    outer: [...codec.encode({ inner: 1 })],
    after: { inner: 2 },
  })
})

test('a value that contains itself is refused', () => {
  const value: Record<string, unknown> = {}
  value['self'] = { value }
  expect(() => codec.encode(value)).toThrow(coded('RECORD_TOO_DEEP'))
})

test('depth counts arrays, objects, maps and sets, and is the same in both directions', () => {
  const shallow = createRecordCodec<unknown>({ version: 1, maxDepth: 4 })
  const fits = [{ map: new Map([['set', new Set([1])]]) }]
  expect(shallow.decode(shallow.encode(fits))).toEqual(fits)
  expect(() => shallow.encode([fits])).toThrow(coded('RECORD_TOO_DEEP'))
  expect(() => shallow.decode(codec.encode([fits]))).toThrow(coded('RECORD_TOO_DEEP'))
  const own = [fits, ...manyShapes(40)]
  expect(() => shallow.decode(codec.encode(own))).toThrow(coded('RECORD_TOO_DEEP'))
})

test('maxBytes holds in both directions', () => {
  const small = createRecordCodec<unknown>({ version: 1, maxBytes: 100 })
  expect(small.encode('x'.repeat(96))).toHaveLength(100)
  expect(() => small.encode('x'.repeat(97))).toThrow(coded('RECORD_TOO_LARGE'))
  expect(() => small.encode({ ['k'.repeat(97)]: 1 })).toThrow(coded('RECORD_TOO_LARGE'))
  expect(() => small.decode(new Uint8Array(101))).toThrow(coded('RECORD_TOO_LARGE'))
})

test('a large record leaves no large buffer behind, and the next one is right', () => {
  const text = 'x'.repeat(3_000_000)
  expect(codec.decode(codec.encode({ text }))).toEqual({ text })
  expect(codec.encode({ a: 5 }).buffer.byteLength).toBeLessThan(10_000)
})

test('records share no memory with what comes after them, nor values with their records', () => {
  const records = Array.from({ length: 2000 }, (_, i) =>
    codec.encode({ i, text: 'x'.repeat(i % 90) }),
  )
  expect(records.map((record) => codec.decode(record))).toEqual(
    records.map((_, i) => ({ i, text: 'x'.repeat(i % 90) })),
  )
  for (const input of [
    Buffer.from(codec.encode(Buffer.from([7]))),
    codec.encode(Buffer.from([7])),
  ]) {
    const bytes = codec.decode(input) as Uint8Array
    expect(bytes.constructor).toBe(Uint8Array) // and not Buffer, whose slice is a view
    expect(bytes.buffer.byteLength).toBe(1)
  }
  const record = codec.encode({ bytes: Uint8Array.of(1, 2), buffer: Buffer.from([3]) })
  const decoded = codec.decode(record)
  record.fill(0)
  expect(decoded).toEqual({ bytes: Uint8Array.of(1, 2), buffer: Uint8Array.of(3) })
})

interface Account {
  readonly name: string
  readonly emails: readonly string[]
}
const upgrade = {
  1: (old: { user: string }) => ({ name: old.user }),
  2: (old: { name: string }) => ({ ...old, email: `${old.name}@example.com` }),
  3: (old: { name: string; email: string }) => ({ name: old.name, emails: [old.email] }),
}

test('records of old versions are upgraded step by step', () => {
  const current = createRecordCodec<Account>({ version: 4, upgrade })
  const encoded = (version: number, value: unknown): Uint8Array =>
    createRecordCodec<unknown>({ version }).encode(value)
  const ada = { name: 'ada', emails: ['ada@example.com'] }
  expect(current.decode(encoded(1, { user: 'ada' }))).toEqual(ada)
  expect(current.decode(encoded(2, { name: 'ada' }))).toEqual(ada)
  expect(current.decode(encoded(3, { name: 'ada', email: 'ada@example.com' }))).toEqual(ada)
  expect(current.decode(encoded(4, ada))).toEqual(ada)
})

test('versions that are too old or too new are refused, with a hint', () => {
  const current = createRecordCodec<Account>({ version: 4, upgrade: { 3: upgrade[3] } })
  const encoded = (version: number): Uint8Array => createRecordCodec({ version }).encode(1)
  for (const version of [2, 5, 65_535]) {
    expect(() => current.decode(encoded(version))).toThrow(coded('RECORD_VERSION'))
  }
  expect(() => current.decode(encoded(2))).toThrow(/give upgrade\[2\]/)
  expect(() => current.decode(encoded(5))).toThrow(/update this program/)
})

test('what an upgrade throws is passed on', () => {
  const failure = new Error('cannot')
  const broken = createRecordCodec<unknown>({
    version: 2,
    upgrade: {
      1: () => {
        throw failure
      },
    },
  })
  expect(() => broken.decode(codec.encode(1))).toThrow(failure)
})

test('parse has the last word on what comes out', () => {
  const failure = new TypeError('not a text')
  const checked = createRecordCodec<string>({
    version: 1,
    parse: (value) => {
      if (typeof value !== 'string') throw failure
      return value.trim()
    },
  })
  expect(checked.decode(codec.encode(' a '))).toBe('a')
  expect(() => checked.decode(codec.encode(1))).toThrow(
    expect.objectContaining({ code: 'RECORD_CORRUPT', cause: failure }),
  )
})

test.each<[string, RecordCodecOptions<unknown>]>([
  ['version', { version: 0 }],
  ['version', { version: 65_536 }],
  ['version', { version: 1.5 }],
  ['maxBytes', { version: 1, maxBytes: 0 }],
  ['maxDepth', { version: 1, maxDepth: 1001 }],
  ['upgrade', { version: 2, upgrade: { 2: (value) => value } }],
  ['upgrade', { version: 4, upgrade: { 1: (value) => value, 3: (value) => value } }],
])('a bad %s is found when the codec is made', (field, options) => {
  expect(() => createRecordCodec(options)).toThrow(new RegExp(field))
})

test('what is no array of bytes is a mistake of the caller', () => {
  expect(() => codec.decode('abc' as unknown as Uint8Array)).toThrow(TypeError)
})

test('a record is not taken for a key, nor a key for a record', () => {
  expect(() => codec.decode(encodeKey(['a']))).toThrow(coded('RECORD_VERSION'))
  expect(() => codec.decode(new Uint8Array())).toThrow(coded('RECORD_CORRUPT'))
})
