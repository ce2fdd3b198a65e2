import { ID_BYTES, type Place, readPlace, writePlace } from '../storage/layout.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const ID_LENGTH = 26
const CODES: Uint8Array = Buffer.from(ALPHABET, 'latin1')
/** Where an id is written: one flat string of it costs half of what 26 joined ones do. */
const SCRATCH: Buffer = Buffer.alloc(ID_LENGTH)
const VALUES: ReadonlyMap<string, number> = new Map(
  Array.from(ALPHABET, (character, value) => [character, value]),
)

/** The 16 bytes of a task's first place: they name it for good, wherever it moves. */
export function idBytes(queue: number, origin: number, seq: number): Buffer {
  const bytes = Buffer.allocUnsafe(ID_BYTES)
  writePlace(bytes, 0, queue, origin, seq)
  return bytes
}

/** 128 bits as 26 characters of Crockford's base 32, most significant first. */
export function formatId(bytes: Uint8Array): string {
  let held = 0
  let bits = 2 // 26 characters hold 130 bits: two zeros lead
  let at = 0
  for (let i = 0; i < ID_BYTES; i++) {
    held = (held << 8) | (bytes[i] as number)
    bits += 8
    while (bits >= 5) {
      bits -= 5
      SCRATCH[at++] = CODES[(held >>> bits) & 31] as number
    }
    held &= (1 << bits) - 1
  }
  return SCRATCH.toString('latin1')
}

/** The place that an id names, or `undefined` when it is no id of a task. */
export function parseId(id: string): Place | undefined {
  if (id.length !== ID_LENGTH || (id[0] as string) > '7') return undefined
  const bytes = Buffer.allocUnsafe(ID_BYTES)
  let held = 0
  let bits = -2
  let at = 0
  for (const character of id) {
    const value = VALUES.get(character)
    if (value === undefined) return undefined
    held = (held << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >>> bits) & 255
      held &= (1 << bits) - 1
    }
  }
  const place = readPlace(bytes, 0)
  return Number.isSafeInteger(place.seq) ? place : undefined
}
