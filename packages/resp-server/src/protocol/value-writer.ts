import { ReplyError } from '../errors.ts'
import { isAscii } from '../values/latin1.ts'
import { type Bytes, MAX_REPLY_VALUES, type Reply } from './reply.ts'

/** A reply as the in-process client gives it. Absent is undefined. */
export type RespValue =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | Buffer
  | ReplyError
  | RespValue[]
  | Map<RespValue, RespValue>
  | Set<RespValue>

interface Frame {
  readonly kind: 'array' | 'map' | 'set' | 'push'
  readonly items: RespValue[]
  readonly length: number
}

/** Builds JavaScript values out of the calls of a command. */
export class ValueWriter implements Reply {
  version: 2 | 3 = 3
  readonly maxValues: number = MAX_REPLY_VALUES
  readonly isFull = false
  /** With `true` bulk strings come as Buffers, else decoded as UTF-8. */
  buffers = false
  /** Bulk strings come as byte strings, one character per byte. */
  asBytes = false
  readonly #onReply: (value: RespValue) => void
  readonly #onPush: (items: RespValue[]) => void
  readonly #onError: (line: string) => void
  #frames: Frame[] = []

  constructor(
    onReply: (value: RespValue) => void,
    onPush: (items: RespValue[]) => void,
    onError: (line: string) => void,
  ) {
    this.#onReply = onReply
    this.#onPush = onPush
    this.#onError = onError
  }

  ok(): void {
    this.#add('OK')
  }

  simple(text: string): void {
    this.#add(text)
  }

  error(line: string, isCounted = false): void {
    if (!isCounted) this.#onError(line)
    this.#add(new ReplyError(line))
  }

  integer(value: number | bigint): void {
    this.#add(value)
  }

  bulk(value: Bytes): void {
    if (this.asBytes) this.#add(typeof value === 'string' ? value : value.toString('latin1'))
    else if (this.buffers) {
      this.#add(typeof value === 'string' ? Buffer.from(value, 'latin1') : value)
    } else if (typeof value === 'string') {
      this.#add(isAscii(value) ? value : Buffer.from(value, 'latin1').toString())
    } else {
      this.#add(value.toString())
    }
  }

  bulkOrNull(value: Bytes | undefined): void {
    if (value === undefined) this.#add(undefined)
    else this.bulk(value)
  }

  null(): void {
    this.#add(undefined)
  }

  nullArray(): void {
    this.#add(undefined)
  }

  array(length: number): void {
    this.#open('array', length)
  }

  map(length: number): void {
    this.#open('map', length * 2)
  }

  set(length: number): void {
    this.#open('set', length)
  }

  push(length: number): void {
    this.#open('push', length)
  }

  double(value: number): void {
    this.#add(value)
  }

  decimal(digits: string): void {
    this.#add(Number(digits))
  }

  boolean(value: boolean): void {
    this.#add(value)
  }

  verbatim(text: string): void {
    this.bulk(text)
  }

  bigNumber(digits: string): void {
    if (/^-?\d+$/.test(digits)) this.#add(BigInt(digits))
    else this.bulk(digits)
  }

  #open(kind: Frame['kind'], length: number): void {
    const frame: Frame = { kind, items: [], length }
    if (length === 0) this.#close(frame)
    else this.#frames.push(frame)
  }

  #add(value: RespValue): void {
    const depth = this.#frames.length
    if (depth === 0) {
      this.#onReply(value)
      return
    }
    const frame = this.#frames[depth - 1] as Frame
    frame.items.push(value)
    if (frame.items.length < frame.length) return
    this.#frames.pop()
    this.#close(frame)
  }

  #close({ kind, items }: Frame): void {
    if (kind === 'push' && this.#frames.length === 0) this.#onPush(items)
    else if (kind === 'set') this.#add(new Set(items))
    else if (kind === 'map') {
      const map = new Map<RespValue, RespValue>()
      for (let at = 0; at < items.length; at += 2) map.set(items[at], items[at + 1])
      this.#add(map)
    } else this.#add(items)
  }
}
