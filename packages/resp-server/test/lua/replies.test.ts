import { describe, expect, test } from 'vitest'
import {
  LuaReplyBuilder,
  LuaTable,
  type LuaValue,
  type ReplySink,
  writeLuaReply,
} from '../../src/lua/index.ts'

/** Notes the calls. */
class Recorder implements ReplySink {
  readonly calls: string[] = []

  private note(...parts: unknown[]): void {
    this.calls.push(parts.join(' '))
  }
  null(): void {
    this.note('null')
  }
  boolean(value: boolean): void {
    this.note('boolean', value)
  }
  integer(value: number | bigint): void {
    this.note('integer', value)
  }
  bulk(bytes: string): void {
    this.note('bulk', bytes)
  }
  status(text: string): void {
    this.note('status', text)
  }
  error(text: string, isCounted: boolean): void {
    this.note('error', text, isCounted)
  }
  double(value: number): void {
    this.note('double', value)
  }
  bigNumber(digits: string): void {
    this.note('bigNumber', digits)
  }
  verbatim(format: string, bytes: string): void {
    this.note('verbatim', format, bytes)
  }
  array(length: number): void {
    this.note('array', length)
  }
  map(length: number): void {
    this.note('map', length)
  }
  set(length: number): void {
    this.note('set', length)
  }
}

function sent(value: LuaValue, resp: 2 | 3 = 2): string[] {
  const recorder = new Recorder()
  writeLuaReply(value, recorder, resp)
  return recorder.calls
}

function built(resp: 2 | 3, feed: (sink: ReplySink) => void): LuaValue {
  const builder = new LuaReplyBuilder(resp)
  feed(builder)
  return builder.value
}

const record = (key: string, value: LuaValue): LuaTable =>
  LuaTable.of([undefined], [undefined, key], [undefined, value])

describe('Lua values as replies', () => {
  test('plain values', () => {
    expect(sent('a\0b')).toEqual(['bulk a\0b'])
    expect(sent(3.99)).toEqual(['integer 3'])
    expect(sent(-3.99)).toEqual(['integer -3'])
    expect(sent(2 ** 62)).toEqual(['integer 4611686018427387904'])
    expect(sent(Number.NaN)).toEqual(['integer -9223372036854775808'])
    expect(sent(undefined)).toEqual(['null'])
    expect(sent(() => undefined)).toEqual(['null'])
  })

  test('booleans are numbers and null until the script asks for RESP3', () => {
    expect([...sent(true), ...sent(false)]).toEqual(['integer 1', 'null'])
    expect([...sent(true, 3), ...sent(false, 3)]).toEqual(['boolean true', 'boolean false'])
  })

  test('lists end at the first nil', () => {
    expect(sent(LuaTable.of([undefined, 1, 'x', undefined, 4]))).toEqual([
      'array 2',
      'integer 1',
      'bulk x',
    ])
    expect(sent(new LuaTable())).toEqual(['array 0'])
  })

  test('tables that say what they are', () => {
    expect(sent(record('ok', 'a\r\nb'))).toEqual(['status a  b'])
    expect(sent(record('err', 'E a\nb'))).toEqual(['error E a b false'])
    expect(sent(record('double', 1.5))).toEqual(['double 1.5'])
    expect(sent(record('big_number', '12\n'))).toEqual(['bigNumber 12 '])
    expect(sent(record('map', record('k', 1)))).toEqual(['map 1', 'bulk k', 'integer 1'])
    expect(sent(record('set', record('m', true)))).toEqual(['set 1', 'bulk m'])
    const text = LuaTable.of([undefined], [undefined, 'string', 'format'], [undefined, 'hi', 'txt'])
    expect(sent(record('verbatim_string', text))).toEqual(['verbatim txt hi'])
    expect(sent(record('double', 'x'))).toEqual(['array 0'])
  })

  test('a cycle ends in an error', () => {
    const table = new LuaTable()
    table.append(table)
    const calls = sent(table)
    expect(calls.at(-1)).toBe('error ERR reached lua stack limit false')
  })
})

describe('replies as Lua values', () => {
  test('what was sent comes back the same', () => {
    const values: LuaValue[] = [
      5,
      'x',
      LuaTable.of([undefined, 1, LuaTable.of([undefined, 'y']), new LuaTable(), 'z']),
      record('ok', 'fine'),
      record('double', 0.5),
      record('big_number', '99'),
      record('map', record('a', LuaTable.of([undefined, 1]))),
      record('set', record('a', true)),
    ]
    for (const value of values) {
      const again = built(3, (sink) => writeLuaReply(value, sink, 3))
      expect(sent(again, 3)).toEqual(sent(value, 3))
    }
  })

  test('nulls are false in RESP2 and nil in RESP3', () => {
    expect(built(2, (sink) => sink.null())).toBe(false)
    expect(built(3, (sink) => sink.null())).toBeUndefined()
    const list = built(2, (sink) => {
      sink.array(2)
      sink.null()
      sink.integer(1)
    }) as LuaTable
    expect([list.get(1), list.get(2)]).toEqual([false, 1])
  })

  test('an error reply is told apart, an error inside a list is not one', () => {
    const builder = new LuaReplyBuilder(2)
    builder.error('WRONGTYPE bad')
    expect(builder.isError).toBe(true)
    expect((builder.value as LuaTable).get('err')).toBe('WRONGTYPE bad')
    builder.reset()
    builder.array(1)
    builder.error('ERR x')
    expect(builder.isError).toBe(false)
  })
})
