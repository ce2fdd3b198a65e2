import { LuaReplyBuilder, type LuaValue } from '../lua/index.ts'
import { type Bytes, MAX_REPLY_VALUES, type Reply } from '../protocol/reply.ts'
import { formatDouble } from '../values/numbers.ts'

/** Turns what a command answers to a script into a Lua value. */
export class ScriptReply implements Reply {
  version: 2 | 3 = 2
  readonly maxValues: number = MAX_REPLY_VALUES
  readonly isFull = false
  readonly #onError: (line: string) => void
  readonly #builders = { 2: new LuaReplyBuilder(2), 3: new LuaReplyBuilder(3) } as const
  #builder: LuaReplyBuilder = this.#builders[2]
  #failure: string | undefined

  constructor(onError: (line: string) => void) {
    this.#onError = onError
  }

  /** Forgets the last reply; the next one is for a script of this protocol version. */
  start(version: 2 | 3): void {
    this.version = version
    this.#builder = this.#builders[version]
    this.#builder.reset()
    this.#failure = undefined
  }

  get value(): LuaValue {
    return this.#builder.value
  }

  /** The error that is the whole reply, if it is one. */
  get failure(): string | undefined {
    return this.#builder.isError ? this.#failure : undefined
  }

  ok(): void {
    this.#builder.status('OK')
  }

  simple(text: string): void {
    this.#builder.status(text)
  }

  error(line: string, isCounted = false): void {
    if (!isCounted) this.#onError(line)
    this.#failure = line
    this.#builder.error(line)
  }

  integer(value: number | bigint): void {
    this.#builder.integer(value)
  }

  bulk(value: Bytes): void {
    this.#builder.bulk(typeof value === 'string' ? value : value.toString('latin1'))
  }

  bulkOrNull(value: Bytes | undefined): void {
    if (value === undefined) this.#builder.null()
    else this.bulk(value)
  }

  null(): void {
    this.#builder.null()
  }

  nullArray(): void {
    this.#builder.null()
  }

  array(length: number): void {
    this.#builder.array(length)
  }

  map(length: number): void {
    if (this.version === 3) this.#builder.map(length)
    else this.#builder.array(length * 2)
  }

  set(length: number): void {
    if (this.version === 3) this.#builder.set(length)
    else this.#builder.array(length)
  }

  push(length: number): void {
    this.#builder.array(length)
  }

  double(value: number): void {
    if (this.version === 3) this.#builder.double(value)
    else this.#builder.bulk(formatDouble(value))
  }

  decimal(digits: string): void {
    if (this.version === 3) this.#builder.double(Number(digits))
    else this.#builder.bulk(digits)
  }

  boolean(value: boolean): void {
    if (this.version === 3) this.#builder.boolean(value)
    else this.#builder.integer(value ? 1 : 0)
  }

  verbatim(text: string, format = 'txt'): void {
    if (this.version === 3) this.#builder.verbatim(format, text)
    else this.#builder.bulk(text)
  }

  bigNumber(digits: string): void {
    if (this.version === 3) this.#builder.bigNumber(digits)
    else this.#builder.bulk(digits)
  }
}
