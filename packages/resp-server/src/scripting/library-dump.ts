import { ReplyError } from '../errors.ts'
import { crc64 } from '../values/crc64.ts'
import { expandLzf } from '../values/lzf.ts'

/*
 * FUNCTION DUMP, as Redis writes it: for each library the byte 245 and its text as an RDB string,
 * then the RDB version (u16) and a CRC64 of all before, both little-endian.
 */
const LIBRARY = 0xf5
const RDB_VERSION = 10
/** Payloads of Redis up to 7.4 are read. */
const MAX_RDB_VERSION = 12
const TAIL_BYTES = 10
/** A text cannot be longer than an argument. */
const MAX_TEXT_BYTES = 512 * 1024 * 1024

export function dumpLibraries(codes: readonly string[]): Buffer {
  const parts: Buffer[] = []
  for (const code of codes) {
    const text = Buffer.from(code, 'latin1')
    parts.push(Buffer.from([LIBRARY]), encodeLength(text.length), text)
  }
  const version = Buffer.alloc(2)
  version.writeUInt16LE(RDB_VERSION)
  const body = Buffer.concat([...parts, version])
  return Buffer.concat([body, crc64(body)])
}

/** The texts of the libraries. Throws what FUNCTION RESTORE answers to a payload that is none. */
export function readLibraries(payload: Buffer): string[] {
  const end = payload.length - TAIL_BYTES
  const isWhole =
    end >= 0 &&
    payload.readUInt16LE(end) <= MAX_RDB_VERSION &&
    crc64(payload.subarray(0, end + 2)).equals(payload.subarray(end + 2))
  if (!isWhole) throw new ReplyError('ERR DUMP payload version or checksum are wrong')
  const reader = new Reader(payload.subarray(0, end))
  const codes: string[] = []
  while (!reader.isAtEnd) {
    if (reader.byte() !== LIBRARY) throw new ReplyError('ERR given type is not a function')
    codes.push(reader.text().toString('latin1'))
  }
  return codes
}

function encodeLength(length: number): Buffer {
  if (length < 64) return Buffer.from([length])
  if (length < 16_384) return Buffer.from([0x40 | (length >> 8), length & 0xff])
  const bytes = Buffer.from([0x80, 0, 0, 0, 0])
  bytes.writeUInt32BE(length, 1)
  return bytes
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw damaged()
    this.#at += 1
    return byte
  }

  /** An RDB string: plain or compressed. */
  text(): Buffer {
    const first = this.byte()
    if (first === 0xc3) {
      const packed = this.#length(this.byte())
      const size = this.#length(this.byte())
      if (size > MAX_TEXT_BYTES) throw damaged()
      const text = expandLzf(this.#take(packed), size)
      if (text === undefined) throw damaged()
      return text
    }
    return this.#take(this.#length(first))
  }

  #length(first: number): number {
    const kind = first >> 6
    if (kind === 0) return first
    if (kind === 1) return ((first & 0x3f) << 8) | this.byte()
    if (first === 0x80) return this.#take(4).readUInt32BE()
    if (first === 0x81) return Number(this.#take(8).readBigUInt64BE())
    throw damaged()
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw damaged()
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}

const damaged = (): ReplyError => new ReplyError('ERR Failed loading library data')
