import { asBuffer, readLatin1 } from '../values/latin1.ts'

const NOT_ASCII = /[^\0-\x7f]/

/** Text as a byte string: its UTF-8, one character per byte, as commands and types see it. */
export function encodeText(text: string): string {
  return NOT_ASCII.test(text) ? readLatin1(Buffer.from(text)) : text
}

/** The text whose UTF-8 a byte string holds. */
export function decodeText(bytes: string): string {
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes
}

/** Bytes as a byte string. */
export function encodeBytes(bytes: Uint8Array): string {
  return readLatin1(asBuffer(bytes))
}

/** The bytes of a byte string. */
export function decodeBytes(bytes: string): Buffer {
  return Buffer.from(bytes, 'latin1')
}
