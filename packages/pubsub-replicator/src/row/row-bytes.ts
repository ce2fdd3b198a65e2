import type { HlcTimestamp } from '@ashlar/codec'
import { ReplicatorError } from '../errors.ts'
import { FIELD_NAME_BYTES_MAX, FIELDS_MAX } from '../record/record.ts'
import type { Row } from './row.ts'

const VERSION = 1
const FLAG = { deleted: 1, evicted: 2, columns: 4, left: 8, fields: 16, value: 32 } as const
const FLAGS_ALL = 63
const HEAD_BYTES = 18
const DIGEST_BYTES = 8
const LEFT_MAX = 255
const NODE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/

/** True when the text may name a node. */
export function isNodeName(text: string): boolean {
  return NODE.test(text)
}

/** Encodes a row as it is stored; docs/formats/replication.md has the layout. */
export function encodeRow(row: Row): Uint8Array {
  return write(row, row.via, row.left.slice(0, LEFT_MAX))
}

/** Encodes a row as it is sent: without what concerns only the node that holds it. */
export function encodeWireRow(row: Row): Uint8Array {
  return write(row, '', [])
}

function write(row: Row, via: string, left: readonly string[]): Uint8Array {
  const out = Buffer.allocUnsafe(sizeOf(row, via, left))
  out[0] = VERSION
  out[1] =
    (row.deleted ? FLAG.deleted : 0) |
    (row.evicted ? FLAG.evicted : 0) |
    (row.columns ? FLAG.columns : 0) |
    (left.length > 0 ? FLAG.left : 0) |
    (row.fields ? FLAG.fields : 0) |
    (row.value ? FLAG.value : 0)
  out.writeBigUInt64BE(row.stamp.time, 2)
  out.writeBigUInt64BE(row.previous, 10)
  let at = writeText(out, row.stamp.node, HEAD_BYTES)
  at = writeText(out, via, at)
  if (row.columns) {
    at = out.writeUInt16BE(row.columns.length, at)
    for (const name of row.columns) at = writeText(out, name, at)
  }
  if (left.length > 0) {
    at = out.writeUInt8(left.length, at)
    for (const digest of left) at += out.write(digest, at, DIGEST_BYTES, 'hex')
  }
  if (row.fields) {
    at = out.writeUInt16BE(row.fields.size, at)
    for (const [name, stamp] of row.fields) {
      at = writeText(out, name, at)
      at = out.writeBigUInt64BE(stamp.time, at)
      at = writeText(out, stamp.node, at)
    }
  }
  if (row.value) out.set(row.value, at)
  return out
}

function sizeOf(row: Row, via: string, left: readonly string[]): number {
  let size = HEAD_BYTES + textSize(row.stamp.node) + textSize(via)
  if (row.columns) {
    size += 2
    for (const name of row.columns) size += textSize(name)
  }
  if (left.length > 0) size += 1 + DIGEST_BYTES * left.length
  if (row.fields) {
    size += 2
    for (const [name, stamp] of row.fields) size += textSize(name) + 8 + textSize(stamp.node)
  }
  return size + (row.value?.length ?? 0)
}

function textSize(text: string): number {
  return 1 + Buffer.byteLength(text)
}

function writeText(out: Buffer, text: string, at: number): number {
  const length = out.write(text, at + 1)
  out[at] = length
  return at + 1 + length
}

/**
 * Decodes a row, stored or sent. The value is a view of `bytes`, not decoded.
 * Throws `ROW_CORRUPT` for bytes that are no row, and reads no further than they go.
 */
export function decodeRow(bytes: Uint8Array): Row {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (input.length < HEAD_BYTES + 2) throw corrupt('it is cut off')
  const flags = input[1] as number
  if (input[0] !== VERSION) throw corrupt(`version ${input[0]} is not known`)
  if ((flags & ~FLAGS_ALL) !== 0) throw corrupt(`flags ${flags} are not known`)
  const reader = new RowReader(input, HEAD_BYTES)
  const stamp = { time: input.readBigUInt64BE(2), node: reader.node() }
  const via = reader.node()
  const columns = flags & FLAG.columns ? reader.columns() : undefined
  const left = flags & FLAG.left ? reader.left() : []
  const fields = flags & FLAG.fields ? reader.fields() : undefined
  const hasValue = (flags & FLAG.value) !== 0
  if (!hasValue && reader.at !== input.length) throw corrupt('bytes follow its end')
  return {
    stamp,
    deleted: (flags & FLAG.deleted) !== 0,
    evicted: (flags & FLAG.evicted) !== 0,
    previous: input.readBigUInt64BE(10),
    via,
    left,
    columns,
    fields,
    value: hasValue ? bytes.subarray(reader.at) : undefined,
  }
}

class RowReader {
  readonly #input: Buffer
  at: number

  constructor(input: Buffer, at: number) {
    this.#input = input
    this.at = at
  }

  node(): string {
    const length = this.#uint8()
    const text = this.#input.toString('latin1', this.#skip(length), this.at)
    if (length > 0 && !isNodeName(text)) throw corrupt('a node name is invalid')
    return text
  }

  columns(): string[] {
    return Array.from({ length: this.#count() }, () => this.#name())
  }

  left(): string[] {
    return Array.from({ length: this.#uint8() }, () =>
      this.#input.toString('hex', this.#skip(DIGEST_BYTES), this.at),
    )
  }

  fields(): Map<string, HlcTimestamp> {
    const count = this.#count()
    const fields = new Map<string, HlcTimestamp>()
    for (let i = 0; i < count; i++) {
      const name = this.#name()
      const time = this.#input.readBigUInt64BE(this.#skip(8))
      fields.set(name, { time, node: this.node() })
    }
    if (fields.size !== count) throw corrupt('a field stands twice')
    return fields
  }

  #name(): string {
    const length = this.#uint8()
    if (length === 0 || length > FIELD_NAME_BYTES_MAX) throw corrupt('a field name is invalid')
    const name = this.#input.toString('utf8', this.#skip(length), this.at)
    if (name === '__proto__') throw corrupt('a field name is invalid')
    return name
  }

  #count(): number {
    const count = this.#input.readUInt16BE(this.#skip(2))
    if (count > FIELDS_MAX) throw corrupt(`${count} fields are too many`)
    return count
  }

  #uint8(): number {
    return this.#input[this.#skip(1)] as number
  }

  /** Steps over bytes that must be there; answers where they start. */
  #skip(length: number): number {
    const start = this.at
    if (start + length > this.#input.length) throw corrupt('it is cut off')
    this.at = start + length
    return start
  }
}

function corrupt(why: string): ReplicatorError {
  return new ReplicatorError('ROW_CORRUPT', `the bytes of a row are damaged: ${why}`)
}
