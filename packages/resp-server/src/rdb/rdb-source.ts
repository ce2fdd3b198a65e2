import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Crc64 } from './crc64.ts'
import { RdbError } from './rdb-error.ts'

/** What every RDB file begins with. */
export const RDB_MAGIC = 'REDIS'
/** Of Redis 7.4. */
const LATEST_VERSION = 12
/** Magic and version. */
export const RDB_HEADER_BYTES = 9
/** Files from version 5 on end with a checksum; 0 stands for none. */
const FIRST_WITH_CHECKSUM = 5
const CHECKSUM_BYTES = 8
/** What is summed up between two turns of the event loop. */
const SUMMED_BYTES = 1024 * 1024

/** An RDB file that is read piece by piece, in the middle of what makes values of it. */
export class RdbSource implements Disposable {
  readonly size: number
  readonly #file: number

  private constructor(file: number, size: number) {
    this.#file = file
    this.size = size
  }

  /** Throws the error of the file system. */
  static open(path: string): RdbSource {
    const file = openSync(path, 'r')
    return new RdbSource(file, fstatSync(file).size)
  }

  /** Fills `into` with what stands at `position`. */
  read(into: Uint8Array, position: number): void {
    for (let at = 0; at < into.length; ) {
      const bytes = readSync(this.#file, into, at, into.length - at, position + at)
      if (bytes === 0) throw new RdbError('the file became shorter', position + at)
      at += bytes
    }
  }

  /** How many bytes stand behind the last record. Throws RdbError when it is no RDB file, or too new a one. */
  trailerBytes(): number {
    const head = Buffer.alloc(RDB_HEADER_BYTES)
    if (this.size >= head.length) this.read(head, 0)
    const version = Number(head.toString('latin1', RDB_MAGIC.length))
    if (head.toString('latin1', 0, RDB_MAGIC.length) !== RDB_MAGIC || !(version >= 1)) {
      throw new RdbError('not an RDB file', 0)
    }
    if (version > LATEST_VERSION) throw new RdbError(`RDB version ${version} is not known`, 0)
    return version < FIRST_WITH_CHECKSUM ? 0 : CHECKSUM_BYTES
  }

  /** Compares the checksum in front of `end` with what it is of. Rejects with RdbError when it is wrong. */
  async verify(end: number): Promise<void> {
    if (this.trailerBytes() === 0) return
    const start = end - CHECKSUM_BYTES
    if (this.size < end || start <= RDB_HEADER_BYTES) {
      throw new RdbError('an RDB file without end', this.size)
    }
    const stored = Buffer.alloc(CHECKSUM_BYTES)
    this.read(stored, start)
    if (stored.every((byte) => byte === 0)) return
    const sum = new Crc64()
    const piece = Buffer.allocUnsafeSlow(Math.min(SUMMED_BYTES, start))
    for (let at = 0; at < start; at += piece.length) {
      const part = piece.subarray(0, start - at)
      this.read(part, at)
      sum.update(part)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    if (!sum.digest().equals(stored)) throw new RdbError('wrong checksum', start)
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }
}
