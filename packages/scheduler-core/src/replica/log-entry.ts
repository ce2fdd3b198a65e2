/**
 * One message of a partition's log. Numbers are big endian.
 *
 *     0      kind: 1 take-over, 2 changes, 3 part of changes that go on in the next message
 *     1..6   epoch of the writer
 *     7..    take-over: format, 1 byte. changes: operations, back to back
 *
 *     operation: 1 put, 2 delete (1 byte); key length u16; key; put: value length u32, value
 */
export const HEAD_BYTES = 7

/** The form of the log; a newer one is refused. */
export const LOG_FORMAT = 1

const PUT = 1
const DELETE = 2

export type EntryKind = 'takeOver' | 'changes' | 'part'

const KINDS: readonly (EntryKind | undefined)[] = [undefined, 'takeOver', 'changes', 'part']

export interface LogEntry {
  readonly kind: EntryKind
  readonly epoch: number
  readonly body: Buffer
}

/** A message of the log, from the pieces of its body. */
export function encodeEntry(
  kind: EntryKind,
  epoch: number,
  pieces: readonly Uint8Array[],
): Uint8Array {
  const length = pieces.reduce((sum, piece) => sum + piece.length, HEAD_BYTES)
  const bytes = Buffer.allocUnsafe(length)
  bytes[0] = KINDS.indexOf(kind)
  bytes.writeUIntBE(epoch, 1, 6)
  let at = HEAD_BYTES
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

/** Throws RangeError for what no version of this package wrote. */
export function decodeEntry(payload: Uint8Array): LogEntry {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const kind = bytes.length < HEAD_BYTES ? undefined : KINDS[bytes[0] ?? 0]
  if (kind === undefined) throw new RangeError('a message of the log is not an entry')
  return { kind, epoch: bytes.readUIntBE(1, 6), body: bytes.subarray(HEAD_BYTES) }
}

/** Operations in the making, in the form of the log. */
export class OperationWriter {
  #bytes: Buffer = Buffer.allocUnsafe(512)
  #length = 0

  get byteLength(): number {
    return this.#length
  }

  /** What was written; the writer must not be used after. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const at = this.#head(PUT, key, 4 + value.length)
    this.#bytes.writeUInt32BE(value.length, at)
    this.#bytes.set(value, at + 4)
    this.#length = at + 4 + value.length
  }

  delete(key: Uint8Array): void {
    this.#length = this.#head(DELETE, key, 0)
  }

  clear(): void {
    this.#length = 0
  }

  #head(type: number, key: Uint8Array, more: number): number {
    const at = this.#length
    this.#ensure(at + 3 + key.length + more)
    this.#bytes[at] = type
    this.#bytes.writeUInt16BE(key.length, at + 1)
    this.#bytes.set(key, at + 3)
    return at + 3 + key.length
  }

  #ensure(length: number): void {
    if (length <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(length, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Who takes operations in. */
export interface OperationSink {
  put(key: Uint8Array, value: Uint8Array): unknown
  delete(key: Uint8Array): unknown
}

/** Reads operations back, in order. Throws RangeError on damage. */
export function readOperations(bytes: Buffer, sink: OperationSink): void {
  let at = 0
  while (at < bytes.length) {
    const type = bytes[at]
    const keyEnd = at + 3 + bytes.readUInt16BE(at + 1)
    const key = bytes.subarray(at + 3, keyEnd)
    if (type === DELETE) {
      sink.delete(key)
      at = keyEnd
    } else if (type === PUT) {
      const end = keyEnd + 4 + bytes.readUInt32BE(keyEnd)
      if (end > bytes.length) throw new RangeError('an operation of the log is cut off')
      sink.put(key, bytes.subarray(keyEnd + 4, end))
      at = end
    } else throw new RangeError(`the log has an operation of unknown type ${String(type)}`)
  }
}
