import { isUtf8 } from 'node:buffer'
import { ReplyError } from '../errors.ts'
import type { RespValue } from '../protocol/value-writer.ts'
import type { CommandArgument } from '../server/in-process.ts'

/** Bytes in JSON: text where they are UTF-8, else `{ "base64": ... }`. */
export type JsonBytes = string | { readonly base64: string }

export function fromBytes(bytes: Uint8Array): JsonBytes {
  return isUtf8(bytes)
    ? Buffer.from(bytes).toString()
    : { base64: Buffer.from(bytes).toString('base64') }
}

export function toArgument(value: JsonBytes | number): CommandArgument {
  return typeof value === 'object' ? Buffer.from(value.base64, 'base64') : value
}

/** A reply as JSON: maps as lists of pairs where a name is no text, big integers as text. */
export function toJson(value: RespValue): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Buffer.isBuffer(value)) return fromBytes(value)
  if (value instanceof ReplyError) return { error: value.message }
  if (value instanceof Set) return [...value].map(toJson)
  if (Array.isArray(value)) return value.map(toJson)
  if (!(value instanceof Map)) return value
  const pairs = [...value].map(([name, one]) => [toJson(name), toJson(one)] as const)
  return pairs.every(([name]) => typeof name === 'string') ? Object.fromEntries(pairs) : pairs
}

/** The text of a bulk string, verbatim string or status. */
export function textOf(value: RespValue): string {
  return Buffer.isBuffer(value) ? value.toString() : String(value ?? '')
}

export function listOf(value: RespValue): RespValue[] {
  if (value instanceof Set) return [...value]
  return Array.isArray(value) ? value : []
}

export function bytesOf(value: RespValue): JsonBytes {
  return Buffer.isBuffer(value) ? fromBytes(value) : String(value ?? '')
}
