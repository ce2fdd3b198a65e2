import { LuaTable } from '../table.ts'
import type { LuaValue } from '../value.ts'
import type { ReplySink } from './reply-sink.ts'

/** A table that is still being filled. */
interface Frame {
  readonly kind: 'array' | 'map' | 'set'
  left: number
  readonly items: LuaValue[]
  /** The table that it is a value of. */
  readonly outer: Frame | undefined
}

/**
 * Builds the Lua value of a command's reply, as redis.call gives it. Feed it one reply and take the
 * {@link value}; it can be used again after {@link reset}.
 */
export class LuaReplyBuilder implements ReplySink {
  /** Nulls are false in RESP2 and nil in RESP3. */
  private readonly nullValue: LuaValue
  private open: Frame | undefined = undefined
  private result: LuaValue = undefined
  private isFailed = false

  constructor(scriptResp: 2 | 3) {
    this.nullValue = scriptResp === 2 ? false : undefined
  }

  /** The value of the whole reply. */
  get value(): LuaValue {
    return this.result
  }

  /** The reply was an error: redis.call raises it, redis.pcall gives it. */
  get isError(): boolean {
    return this.isFailed
  }

  reset(): void {
    this.open = undefined
    this.result = undefined
    this.isFailed = false
  }

  null(): void {
    this.add(this.nullValue)
  }

  boolean(value: boolean): void {
    this.add(value)
  }

  integer(value: number | bigint): void {
    this.add(Number(value))
  }

  bulk(bytes: string): void {
    this.add(bytes)
  }

  status(text: string): void {
    this.add(record('ok', text))
  }

  error(text: string): void {
    if (this.open === undefined) this.isFailed = true
    this.add(errorTable(text, true))
  }

  double(value: number): void {
    this.add(record('double', value))
  }

  bigNumber(digits: string): void {
    this.add(record('big_number', digits))
  }

  verbatim(format: string, bytes: string): void {
    const text = record('string', bytes)
    text.setHash('format', format)
    this.add(record('verbatim_string', text))
  }

  array(length: number): void {
    this.begin('array', length)
  }

  map(length: number): void {
    this.begin('map', length * 2)
  }

  set(length: number): void {
    this.begin('set', length)
  }

  private begin(kind: Frame['kind'], values: number): void {
    const frame: Frame = { kind, left: values, items: [undefined], outer: this.open }
    if (values === 0) this.add(finish(frame))
    else this.open = frame
  }

  private add(value: LuaValue): void {
    const { open } = this
    if (open === undefined) {
      this.result = value
      return
    }
    open.items.push(value)
    if (--open.left > 0) return
    this.open = open.outer
    this.add(finish(open))
  }
}

function finish(frame: Frame): LuaValue {
  const { kind, items } = frame
  if (kind === 'array') return LuaTable.of(items)
  const table = new LuaTable()
  const step = kind === 'map' ? 2 : 1
  for (let i = 1; i < items.length; i += step) {
    const key = items[i]
    if (key !== undefined && !Number.isNaN(key))
      table.set(key, kind === 'map' ? items[i + 1] : true)
  }
  return record(kind, table)
}

function record(key: string, value: LuaValue): LuaTable {
  const table = new LuaTable()
  table.setHash(key, value)
  return table
}

/**
 * The table of an error: `{err = 'CODE message'}`. A text without a blank gets the code ERR; one
 * that starts with a minus is taken behind it.
 */
export function errorTable(text: string, isCounted: boolean): LuaTable {
  const table = record('err', withCode(withoutLineEnd(text)))
  if (isCounted) table.setHash('ignore_error_stats_update', true)
  return table
}

/** Less the line breaks at the end. No regular expression: it would try each of a million anew. */
export function withoutLineEnd(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--
  return text.slice(0, end)
}

function withCode(text: string): string {
  return text.includes(' ') ? text : `ERR ${text}`
}
