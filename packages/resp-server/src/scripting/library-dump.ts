import { ReplyError } from '../errors.ts'
import { Crc64 } from '../rdb/crc64.ts'
import { RdbError } from '../rdb/rdb-error.ts'
import { RdbReader } from '../rdb/rdb-reader.ts'
import { RdbWriter } from '../rdb/rdb-writer.ts'

/*
 * FUNCTION DUMP, as Redis writes it: for each library the byte 245 and its text as an RDB string,
 * then the RDB version (u16) and a CRC64 of all before, both little-endian.
 */
const LIBRARY = 0xf5
const RDB_VERSION = 10
/** Payloads of Redis up to 7.4 are read. */
const MAX_RDB_VERSION = 12
const TAIL_BYTES = 10

const checksum = (bytes: Buffer): Buffer => new Crc64().update(bytes).digest()

export function dumpLibraries(codes: readonly string[]): Buffer {
  const writer = new RdbWriter()
  for (const code of codes) {
    writer.byte(LIBRARY)
    writer.string(code)
  }
  writer.byte(RDB_VERSION)
  writer.byte(0)
  const body = writer.take()
  return Buffer.concat([body, checksum(body)])
}

/** The texts of the libraries. Throws what FUNCTION RESTORE answers to a payload that is none. */
export function readLibraries(payload: Buffer): string[] {
  const end = payload.length - TAIL_BYTES
  const isWhole =
    end >= 0 &&
    payload.readUInt16LE(end) <= MAX_RDB_VERSION &&
    checksum(payload.subarray(0, end + 2)).equals(payload.subarray(end + 2))
  if (!isWhole) throw new ReplyError('ERR DUMP payload version or checksum are wrong')
  const reader = new RdbReader(payload.subarray(0, end))
  const codes: string[] = []
  try {
    while (reader.left > 0) {
      if (reader.byte() !== LIBRARY) throw new ReplyError('ERR given type is not a function')
      codes.push(reader.string())
    }
  } catch (error) {
    if (error instanceof RdbError) throw new ReplyError('ERR Failed loading library data')
    throw error
  }
  return codes
}
