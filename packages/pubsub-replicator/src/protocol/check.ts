// Readers for fields of messages: whatever came over the wire is unknown until one of these said so.

/** A decoded message before anything in it is believed. */
export type Fields = Readonly<Record<string, unknown>>

export function asFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('the message is no object')
  }
  return value as Fields
}

export function textOf(fields: Fields, name: string, maxLength: number): string {
  const value = fields[name]
  if (typeof value === 'string' && value.length <= maxLength) return value
  throw new TypeError(`${name} is no text of at most ${maxLength}`)
}

/** A count or sequence: an integer from 0 that a number holds exactly. */
export function countOf(fields: Fields, name: string): number {
  return asCount(fields[name], name)
}

export function asCount(value: unknown, name: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
  throw new TypeError(`${name} is no count`)
}

export function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} is no boolean`)
}

export function listOf(fields: Fields, name: string, maxLength: number): readonly unknown[] {
  return asList(fields[name], name, maxLength)
}

export function asList(value: unknown, name: string, maxLength: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= maxLength) return value
  throw new TypeError(`${name} is no list of at most ${maxLength}`)
}

export function asBytes(value: unknown, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new TypeError(`${name} are no bytes`)
}
