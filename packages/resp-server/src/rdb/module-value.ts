import type { ModuleTypes } from '../modules/module-types.ts'
import { ModuleValue } from '../values/module-value.ts'
import { RdbError } from './rdb-error.ts'
import type { RdbReader } from './rdb-reader.ts'
import type { RdbWriter } from './rdb-writer.ts'

/** Codes in front of what modules write, which let others read over it. */
const END = 0
const SIGNED = 1
const UNSIGNED = 2
const FLOAT = 3
const DOUBLE = 4
const STRING = 5

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NAME_LENGTH = 9
const VERSION_BITS = 10n

/** Where a module's type writes its own form of a value; see `ModuleType.saveRdb`. */
export interface ModuleRdbWriter {
  unsigned(value: number | bigint): void
  signed(value: number | bigint): void
  double(value: number): void
  string(bytes: string): void
}

/** Reads what a {@link ModuleRdbWriter} wrote, in the same order. Throws for anything else. */
export interface ModuleRdbReader {
  unsigned(): number | bigint
  signed(): number | bigint
  double(): number
  string(): string
}

/** A type's name and version in the 64 bits that Redis gives them. */
function packId(name: string, version: number): bigint {
  let id = 0n
  for (const letter of name) id = (id << 6n) | BigInt(ALPHABET.indexOf(letter))
  return (id << VERSION_BITS) | BigInt(version)
}

function unpackId(id: bigint): { readonly name: string; readonly version: number } {
  let name = ''
  for (let at = NAME_LENGTH - 1; at >= 0; at -= 1) {
    name += ALPHABET[Number((id >> (VERSION_BITS + BigInt(at * 6))) & 63n)]
  }
  return { name, version: Number(id & 1023n) }
}

export function encodeModuleValue(writer: RdbWriter, value: ModuleValue): void {
  const { definition } = value
  writer.length64(packId(definition.name, definition.version))
  const out = new Writer(writer)
  if (definition.saveRdb !== undefined) definition.saveRdb(value.value, out)
  else {
    for (const record of definition.records(value.value)) {
      const bytes = definition.encode(value.value, record)
      if (bytes === undefined) continue
      out.string(record)
      out.string(bytes)
    }
  }
  writer.length64(END)
}

export function decodeModuleValue(reader: RdbReader, types: ModuleTypes): ModuleValue {
  const { name, version } = unpackId(BigInt(reader.number()))
  const definition = types.find(name)
  if (definition === undefined) return reader.fail(`a value of the module type '${name}'`)
  if (version > definition.version) {
    return reader.fail(`version ${version} of '${name}' is newer than its module`)
  }
  const input = new Reader(reader)
  try {
    if (definition.loadRdb !== undefined) {
      const value = new ModuleValue(definition, definition.loadRdb(input, version))
      if (!input.atEnd()) reader.fail(`'${name}' left something unread`)
      return value
    }
    const value = new ModuleValue(definition)
    while (!input.atEnd()) definition.restore(value.value, input.string(), input.string(), version)
    return value
  } catch (error) {
    if (error instanceof RdbError) throw error
    return reader.fail(`'${name}' refused its value: ${String(error)}`)
  }
}

/** Reads over what a module wrote. */
export function skipModuleData(reader: RdbReader): void {
  for (;;) {
    const code = reader.length()
    if (code === END) return
    if (code === SIGNED || code === UNSIGNED) reader.number()
    else if (code === FLOAT) reader.take(4)
    else if (code === DOUBLE) reader.double()
    else if (code === STRING) reader.blob()
    else reader.fail(`unknown code ${code} in a module's data`)
  }
}

class Writer implements ModuleRdbWriter {
  readonly #writer: RdbWriter

  constructor(writer: RdbWriter) {
    this.#writer = writer
  }

  unsigned(value: number | bigint): void {
    this.#writer.length64(UNSIGNED)
    this.#writer.length64(value)
  }

  signed(value: number | bigint): void {
    this.#writer.length64(SIGNED)
    this.#writer.length64(BigInt.asUintN(64, BigInt(value)))
  }

  double(value: number): void {
    this.#writer.length64(DOUBLE)
    this.#writer.double(value)
  }

  string(bytes: string): void {
    this.#writer.length64(STRING)
    this.#writer.string(bytes)
  }
}

class Reader implements ModuleRdbReader {
  readonly #reader: RdbReader
  /** A code that was read to see whether the value ends. */
  #ahead: number | undefined

  constructor(reader: RdbReader) {
    this.#reader = reader
  }

  atEnd(): boolean {
    this.#ahead ??= this.#reader.length()
    return this.#ahead === END
  }

  unsigned(): number | bigint {
    this.#expect(UNSIGNED)
    return this.#reader.number()
  }

  signed(): number | bigint {
    this.#expect(SIGNED)
    const value = BigInt.asIntN(64, BigInt(this.#reader.number()))
    const small = Number(value)
    return Number.isSafeInteger(small) ? small : value
  }

  double(): number {
    this.#expect(DOUBLE)
    return this.#reader.double()
  }

  string(): string {
    this.#expect(STRING)
    return this.#reader.string()
  }

  #expect(code: number): void {
    const found = this.#ahead ?? this.#reader.length()
    this.#ahead = undefined
    if (found !== code) this.#reader.fail(`code ${code} was expected in a module's value`)
  }
}
