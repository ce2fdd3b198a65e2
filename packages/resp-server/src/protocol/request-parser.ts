import { isSame, readLatin1 } from '../values/latin1.ts'
import { hashBytes } from '../values/string-hash.ts'
import { splitInline } from './inline.ts'
import type { KnownNames, Names } from './known-names.ts'
import { MOST_NAME_BYTES, type NamesAhead } from './look-ahead.ts'
import type { Bytes } from './reply.ts'
import { isKeyPosition, KEY_POSITION, NO_PLAN, planOf } from './request-plan.ts'

/** Limits of Redis' own protocol reader. */
const MAX_LINE_BYTES = 64 * 1024
const MAX_ARGUMENTS = 1024 * 1024
const MAX_ARGUMENTS_UNAUTHENTICATED = 10
const MAX_BULK_BYTES_UNAUTHENTICATED = 16_384
/** Arguments at least this long stay Buffers: they leave by writev and never become strings. */
export const LARGE_ARGUMENT_BYTES: number = 32 * 1024

/** Shorter requests of commands of many keys gain nothing. */
const SEVERAL_ARGUMENTS = 4
/** Less input than this is of one request, or of few. */
const WORTH_LOOKING_AHEAD = 96

/** Arguments at these positions are compared with those of the request before. */
const REMEMBERED_ARGUMENTS = 4
/** Longer ones are not remembered: a connection must not hold on to much. */
const REMEMBERED_BYTES = 64
/** Pieces of a string up to this long are copies of their own in V8: none holds on to the whole. */
const COPIED_PIECE = 12
/** Input up to this long is made one string, of which short arguments are pieces. */
const INPUT_AS_TEXT_BYTES = 8 * 1024

const STAR = 0x2a
const DOLLAR = 0x24
const CR = 0x0d
const LF = 0x0a
const NONE: Buffer = Buffer.alloc(0)
const NO_ARGUMENTS: Bytes[] = []
const NO_TEXTS: string[] = []

/** Malformed bytes: the client gets the message as `-ERR Protocol error: ...` and is closed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/**
 * Turns bytes into requests. Feed a chunk, then call {@link next} until it answers undefined:
 * every byte of the chunk has then been consumed or copied, so the chunk may be reused.
 *
 * State is kept across chunks at argument granularity, and a large argument is filled in place,
 * so a request of any size is parsed in linear time.
 */
export class RequestParser {
  maxBulkBytes: number
  authenticated = true
  #names: KnownNames | undefined
  /** Keys of the input up to here have been looked at ahead. */
  #seen = 0
  /** What is known of requests that begin with the name of the one before. */
  #plan = NO_PLAN
  #planned: string | undefined
  #buffer: Buffer = NONE
  #offset = 0
  #end = 0
  /** Bytes of an argument or line that the last chunk cut off. */
  #carry: Buffer = NONE
  #arguments: Bytes[] = NO_ARGUMENTS
  #missing = 0
  #bulkBytes = -1
  #large: Buffer | undefined
  #largeFilled = 0
  /** The whole input as a string, made when it is needed: that costs as much as one argument. */
  #input: string | undefined
  /** The first arguments of the requests before: commands, options and keys repeat themselves. */
  readonly #recent: string[] = ['', '', '', '']

  constructor(maxBulkBytes: number) {
    this.maxBulkBytes = maxBulkBytes
  }

  /** Bytes held for a request that is not complete yet. */
  get pendingBytes(): number {
    return this.#end - this.#offset + this.#carry.length + this.#largeFilled
  }

  /** True when a request may still be complete in what was fed. */
  get hasInput(): boolean {
    return this.#offset < this.#end
  }

  /** Where the strings of keys are looked for, while requests are being run. */
  useNames(names: KnownNames | undefined): void {
    this.#names = names
    this.#seen = 0
    names?.ahead.forget()
  }

  feed(chunk: Buffer, length: number): void {
    if (this.hasInput) this.keep()
    if (this.#carry.length > 0) {
      const joined = Buffer.allocUnsafe(this.#carry.length + length)
      this.#carry.copy(joined, 0)
      chunk.copy(joined, this.#carry.length, 0, length)
      this.#buffer = joined
      this.#end = joined.length
      this.#carry = NONE
    } else {
      this.#buffer = chunk
      this.#end = length
    }
    this.#offset = 0
    this.#seen = 0
    this.#input = undefined
  }

  /** Copies what is left of the chunk, so that its owner may reuse it. */
  keep(): void {
    if (this.hasInput) this.#carry = Buffer.from(this.#buffer.subarray(this.#offset, this.#end))
    this.#buffer = NONE
    this.#offset = 0
    this.#end = 0
    this.#input = undefined
  }

  /** Takes up again what {@link keep} put aside. */
  resume(): void {
    if (this.#carry.length === 0 || this.hasInput) return
    this.#buffer = this.#carry
    this.#end = this.#carry.length
    this.#offset = 0
    this.#seen = 0
    this.#carry = NONE
    this.#input = undefined
  }

  /** The next complete request; empty for a blank line; undefined when more bytes are needed. */
  next(): Bytes[] | undefined {
    if (this.#missing === 0) {
      if (this.#offset >= this.#end) return this.#starve()
      if (this.#buffer[this.#offset] !== STAR) return this.#inline()
      const whole = this.authenticated ? this.#whole() : undefined
      if (whole !== undefined) return whole
      const count = this.#length('mbulk count', 'invalid multibulk length')
      if (count === undefined) return this.#starve()
      if (count > MAX_ARGUMENTS) throw new ProtocolError('invalid multibulk length')
      if (!this.authenticated && count > MAX_ARGUMENTS_UNAUTHENTICATED) {
        throw new ProtocolError('unauthenticated multibulk length')
      }
      this.#arguments = []
      if (count <= 0) return this.#arguments
      this.#missing = count
    }
    while (this.#missing > 0) {
      const argument = this.#argument()
      if (argument === undefined) return this.#starve()
      this.#arguments.push(argument)
      this.#missing -= 1
    }
    return this.#arguments
  }

  /**
   * The usual case at once: a request of short arguments that is all there. Anything else is
   * undefined, and nothing is consumed. Looks past the end of the input at most to find out, by
   * the end of the last argument, that it did.
   */
  #whole(): Bytes[] | undefined {
    if (this.#offset >= this.#seen) this.#lookAhead()
    const buffer = this.#buffer
    const end = this.#end
    let at = this.#offset + 1
    let count = 0
    let digit = (buffer[at] as number) - 0x30
    for (; digit >= 0 && digit <= 9 && count < MAX_ARGUMENTS; at += 1) {
      count = count * 10 + digit
      digit = (buffer[at + 1] as number) - 0x30
    }
    if (buffer[at] !== CR || count === 0 || count > MAX_ARGUMENTS) return undefined
    let found: string[] = NO_TEXTS
    let position = 0
    let plan = NO_PLAN
    for (at += 2; position < count; at += 2) {
      if (buffer[at] !== DOLLAR) return undefined
      at += 1
      let length = 0
      digit = (buffer[at] as number) - 0x30
      if (!(digit >= 0 && digit <= 9)) return undefined
      for (; digit >= 0 && digit <= 9 && length < LARGE_ARGUMENT_BYTES; at += 1) {
        length = length * 10 + digit
        digit = (buffer[at + 1] as number) - 0x30
      }
      const start = at + 2
      const stop = start + length
      if (buffer[at] !== CR || stop + 2 > end) return undefined
      if (length >= LARGE_ARGUMENT_BYTES || length > this.maxBulkBytes) return undefined
      const text =
        position === plan.element && position !== 0
          ? this.#element(found[KEY_POSITION] as string, start, stop, position)
          : plan.step !== 0 && isKeyPosition(position, plan.step)
            ? this.#key(start, stop)
            : this.#text(start, stop, position)
      if (position === 0) {
        found = listOf(count, text)
        plan = this.#planFor(text, count)
      }
      if (position < found.length) found[position] = text
      else found.push(text)
      position += 1
      at = stop
    }
    this.#offset = at
    return found
  }

  /** Looks at the names in what comes, when that is much and they are many. */
  #lookAhead(): void {
    const names = this.#names
    this.#seen = this.#end
    if (names === undefined || this.#end - this.#offset < WORTH_LOOKING_AHEAD) return
    if (!names.isLarge) return
    const { ahead } = names
    this.#seen = ahead.scan(this.#buffer, this.#offset, this.#end, this.#plan)
    if (ahead.keys.count + ahead.elements.count > 2) names.warm(this.#buffer)
    else ahead.forget()
  }

  #planFor(name: string, count: number): typeof NO_PLAN {
    if (this.#names === undefined) return NO_PLAN
    if (name !== this.#planned) {
      this.#planned = name
      this.#plan = planOf(name)
    }
    if (this.#plan.step === 0) return this.#plan
    if (count < SEVERAL_ARGUMENTS) return NO_PLAN
    this.#names.expectSeveral()
    return this.#plan
  }

  /** One of several keys. */
  #key(start: number, stop: number): string {
    const names = stop - start > MOST_NAME_BYTES ? undefined : this.#names
    if (names === undefined) return this.#read(start, stop)
    const hash = this.#hash(names.ahead.keys, start, stop)
    return names.nextNameOf(this.#buffer, start, stop, hash) ?? this.#read(start, stop)
  }

  /** An element of the collection at a key. */
  #element(key: string, start: number, stop: number, position: number): string {
    const elements = stop - start > MOST_NAME_BYTES ? undefined : this.#names?.elementsOf(key)
    if (!elements?.isIndexed) return this.#text(start, stop, position)
    return this.#name(elements, this.#names?.ahead.elements, start, stop)
  }

  /** A string that there is, or a new one. */
  #name(names: Names, ahead: NamesAhead | undefined, start: number, stop: number): string {
    const known = names.nameOf(this.#buffer, start, stop, this.#hash(ahead, start, stop))
    if (known !== undefined) return known
    const text = this.#read(start, stop)
    names.isNoName(text)
    return text
  }

  #hash(ahead: NamesAhead | undefined, start: number, stop: number): number {
    const at = ahead === undefined ? -1 : ahead.take(start)
    return ahead === undefined || at === -1
      ? hashBytes(this.#buffer, start, stop)
      : (ahead.hashes[at] as number)
  }

  /** The bytes as the string that the request before had in this place, when they are the same. */
  #text(start: number, stop: number, position: number): string {
    const buffer = this.#buffer
    if (position >= REMEMBERED_ARGUMENTS || stop - start > REMEMBERED_BYTES) {
      return this.#read(start, stop)
    }
    const recent = this.#recent[position] as string
    if (isSame(recent, buffer, start, stop)) return recent
    const names = position === KEY_POSITION ? this.#names : undefined
    const text =
      names === undefined
        ? this.#read(start, stop)
        : this.#name(names, names.ahead.keys, start, stop)
    this.#recent[position] = text
    return text
  }

  #read(start: number, stop: number): string {
    if (stop - start > COPIED_PIECE || this.#end > INPUT_AS_TEXT_BYTES) {
      return readLatin1(this.#buffer, start, stop)
    }
    this.#input ??= readLatin1(this.#buffer, 0, this.#end)
    return this.#input.slice(start, stop)
  }

  #starve(): undefined {
    if (this.#offset < this.#end) this.keep()
    return undefined
  }

  #argument(): Bytes | undefined {
    if (this.#bulkBytes < 0) {
      if (this.#offset >= this.#end) return undefined
      const first = this.#buffer[this.#offset] as number
      if (first !== DOLLAR) {
        throw new ProtocolError(`expected '$', got '${String.fromCharCode(first)}'`)
      }
      const length = this.#length('bulk count', 'invalid bulk length')
      if (length === undefined) return undefined
      if (length < 0 || length > this.maxBulkBytes) throw new ProtocolError('invalid bulk length')
      if (!this.authenticated && length > MAX_BULK_BYTES_UNAUTHENTICATED) {
        throw new ProtocolError('unauthenticated bulk length')
      }
      this.#bulkBytes = length
    }
    return this.#bulkBytes < LARGE_ARGUMENT_BYTES ? this.#smallArgument() : this.#largeArgument()
  }

  #smallArgument(): string | undefined {
    const start = this.#offset
    const stop = start + this.#bulkBytes
    if (stop + 2 > this.#end) return undefined
    this.#offset = stop + 2
    this.#bulkBytes = -1
    return this.#text(start, stop, this.#arguments.length)
  }

  #largeArgument(): Buffer | undefined {
    const total = this.#bulkBytes + 2
    // allocated for the claim, but touched only as bytes arrive: the pages cost nothing before
    this.#large ??= Buffer.allocUnsafeSlow(total)
    const take = Math.min(total - this.#largeFilled, this.#end - this.#offset)
    this.#buffer.copy(this.#large, this.#largeFilled, this.#offset, this.#offset + take)
    this.#largeFilled += take
    this.#offset += take
    if (this.#largeFilled < total) return undefined
    const argument = this.#large.subarray(0, this.#bulkBytes)
    this.#large = undefined
    this.#largeFilled = 0
    this.#bulkBytes = -1
    return argument
  }

  /** Reads `<type><integer>\r\n`; undefined when the line is not whole yet. */
  #length(what: string, invalid: string): number | undefined {
    const buffer = this.#buffer
    const end = this.#end
    let at = this.#offset + 1
    let value = 0
    let digits = 0
    const negative = buffer[at] === 0x2d
    if (negative && at < end) at += 1
    for (; at < end; at += 1) {
      const digit = (buffer[at] as number) - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      digits += 1
    }
    if (at + 1 < end && buffer[at] === CR && digits > 0 && digits < 20) {
      this.#offset = at + 2
      return negative ? -value : value
    }
    return this.#unfinishedLength(what, invalid)
  }

  /** Tells a line that is still coming from one that can never be a length. */
  #unfinishedLength(what: string, invalid: string): undefined {
    const cr = this.#buffer.indexOf(CR, this.#offset)
    const isWhole = cr !== -1 && cr + 1 < this.#end
    if ((isWhole ? cr : this.#end) - this.#offset > MAX_LINE_BYTES) {
      throw new ProtocolError(`too big ${what} string`)
    }
    if (isWhole) throw new ProtocolError(invalid)
    return undefined
  }

  #inline(): Bytes[] | undefined {
    const newline = this.#buffer.indexOf(LF, this.#offset)
    const isWhole = newline !== -1 && newline < this.#end
    if ((isWhole ? newline : this.#end) - this.#offset > MAX_LINE_BYTES) {
      throw new ProtocolError('too big inline request')
    }
    if (!isWhole) return this.#starve()
    const stop = newline > this.#offset && this.#buffer[newline - 1] === CR ? newline - 1 : newline
    const line = readLatin1(this.#buffer, this.#offset, stop)
    this.#offset = newline + 1
    const words = splitInline(line)
    if (words === undefined) throw new ProtocolError('unbalanced quotes in request')
    return words
  }
}

/** For so many arguments, with the first: a list that grows by itself takes room for 17 at once. */
function listOf(count: number, first: string): string[] {
  if (count === 2) return [first, first]
  if (count === 3) return [first, first, first]
  if (count === 4) return [first, first, first, first]
  return [first]
}
