/*
 * Layout of the store of an embedded hub. Numbers are big-endian, so that keys sort by them.
 *
 *   catalog (scope 0)
 *   00000000 'L' name               JSON { id, options, blocks }        a log
 *   00000000 'B' name               JSON { id, options }        a bucket
 *   00000000 'G' id:u32             empty                       removed, its scope is being emptied
 *   00000000 'V'                    u32                         version of this layout
 *
 *   one scope per log or bucket, by its id
 *   id:u32 'm' sequence:u48         record                      a message
 *   id:u32 'b' sequence:u48         block                       messages that came together, from
 *                                                               this one on; where all are kept
 *   id:u32 't'                      f64 last, f64 count, f64 bytes, f64 floor
 *   id:u32 'u' subject              sequence:u48                newest message of a subject
 *   id:u32 's' subject 00 seq:u48   empty                       messages of a subject, where several
 *                                                               but not all are kept
 *   id:u32 'd' messageId            sequence:u48, f64 wall clock
 *   id:u32 'c' durable              JSON options
 *   id:u32 'f' durable              sequence:u48                all settled up to here
 *   id:u32 'a' durable 00 seq:u48   empty                       settled above that
 *   id:u32 'p' durable 00 seq:u48   u32                         deliveries of what is not settled
 */

/** Version of the layout; a newer one is refused. */
export const LAYOUT_VERSION = 3
/** Read too: its logs have no blocks, and go on without. */
export const OLD_LAYOUT_VERSION = 2
/** Bytes of a sequence in keys and values. */
export const SEQUENCE_BYTES = 6
/** The scope of the catalog. */
export const CATALOG = 0

/** What a key is about. */
export type KeyKind =
  | 'L'
  | 'B'
  | 'G'
  | 'V'
  | 'm'
  | 'b'
  | 't'
  | 'u'
  | 's'
  | 'd'
  | 'c'
  | 'f'
  | 'a'
  | 'p'

const PREFIX_BYTES = 5

/** First part of all keys of a kind in a scope, and all of it for kinds with one key. */
export function kindKey(scope: number, kind: KeyKind): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES)
  writePrefix(key, scope, kind)
  return key
}

/** The key of a name: a log, bucket, subject, message id or durable. */
export function nameKey(scope: number, kind: KeyKind, name: string): Uint8Array {
  const key = Buffer.allocUnsafe(PREFIX_BYTES + Buffer.byteLength(name))
  writePrefix(key, scope, kind)
  key.write(name, PREFIX_BYTES)
  return key
}

/** The key of a sequence. */
export function sequenceKey(scope: number, kind: KeyKind, sequence: number): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES + SEQUENCE_BYTES)
  writePrefix(key, scope, kind)
  writeSequence(key, PREFIX_BYTES, sequence)
  return key
}

/** Makes a key made by {@link sequenceKey} that of another sequence. */
export function moveSequenceKey(key: Uint8Array, sequence: number): void {
  writeSequence(key, PREFIX_BYTES, sequence)
}

/** First part of all keys of the sequences under a name. */
export function namedPrefix(scope: number, kind: KeyKind, name: string): Uint8Array {
  const bytes = Buffer.byteLength(name)
  const key = Buffer.allocUnsafe(PREFIX_BYTES + bytes + 1)
  writePrefix(key, scope, kind)
  key.write(name, PREFIX_BYTES)
  key[PREFIX_BYTES + bytes] = 0
  return key
}

/** The key of a sequence under a name. */
export function namedSequenceKey(
  scope: number,
  kind: KeyKind,
  name: string,
  sequence: number,
): Uint8Array {
  const prefix = namedPrefix(scope, kind, name)
  const key = new Uint8Array(prefix.length + SEQUENCE_BYTES)
  key.set(prefix)
  writeSequence(key, prefix.length, sequence)
  return key
}

/** The name at the end of a key made by {@link nameKey}. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8', PREFIX_BYTES)
}

/** The sequence at the end of a key. */
export function sequenceOf(key: Uint8Array): number {
  return readSequence(key, key.length - SEQUENCE_BYTES)
}

/** A sequence as a value. */
export function encodeSequence(sequence: number): Uint8Array {
  const bytes = new Uint8Array(SEQUENCE_BYTES)
  writeSequence(bytes, 0, sequence)
  return bytes
}

/** Reads a sequence at an offset. */
export function readSequence(bytes: Uint8Array, offset: number): number {
  const { buffer, byteOffset, byteLength } = bytes
  return Buffer.from(buffer, byteOffset, byteLength).readUIntBE(offset, SEQUENCE_BYTES)
}

function writePrefix(key: Uint8Array, scope: number, kind: KeyKind): void {
  key[0] = scope >>> 24
  key[1] = scope >>> 16
  key[2] = scope >>> 8
  key[3] = scope
  key[4] = kind.charCodeAt(0)
}

function writeSequence(key: Uint8Array, offset: number, sequence: number): void {
  const high = Math.floor(sequence / 0x1_0000_0000)
  key[offset] = high >>> 8
  key[offset + 1] = high
  key[offset + 2] = sequence >>> 24
  key[offset + 3] = sequence >>> 16
  key[offset + 4] = sequence >>> 8
  key[offset + 5] = sequence
}
