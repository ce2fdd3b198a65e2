import type { Change, ChangeOperation } from '@ashlar/lsm-store'
import { RespServerError } from '../errors.ts'
import { REPLICATION_KEY } from './replication-state.ts'

/*
 * A block: what is sent in one piece, in as many messages as it takes.
 *
 *   kind u8, then any number of changes:
 *   sequence u48 | operations u32 | operations, each:
 *     type u8 | key length u32 | key | put and deleteRange: value or end length u32 | bytes
 *
 * The end of a range without end is sent as a length of 0xffffffff.
 */
const PUT = 0
const DELETE = 1
const DELETE_RANGE = 2
const NO_END = 0xffff_ffff
const HEAD_BYTES = 1
const CHANGE_HEAD_BYTES = 10

/** `entries`: a part of a snapshot; `end`: it is whole, and of this sequence; `changes`: what came after. */
export type BlockKind = 'entries' | 'end' | 'changes'
const KINDS: readonly BlockKind[] = ['entries', 'end', 'changes']

/** A change, or a part of a snapshot. */
export interface SentChange {
  readonly sequence: number
  readonly operations: readonly SentOperation[]
}

/** What this server writes to a store; the store's other operations do not occur. */
export type SentOperation = Extract<ChangeOperation, { type: 'put' | 'delete' | 'deleteRange' }>

export interface Block {
  readonly kind: BlockKind
  readonly changes: readonly SentChange[]
}

/** Operations of a change that go to other nodes. */
export function operationsToSend(change: Change): SentOperation[] {
  const sent: SentOperation[] = []
  for (const operation of change.operations) {
    if (operation.type === 'merge' || operation.type === 'ingest') {
      throw new RespServerError('STORE_FORMAT', 'somebody else merges or ingests into the store')
    }
    if (operation.type !== 'deleteRange' && REPLICATION_KEY.equals(operation.key)) continue
    sent.push(operation)
  }
  return sent
}

const secondOf = (operation: SentOperation): Uint8Array | undefined =>
  operation.type === 'put'
    ? operation.value
    : operation.type === 'deleteRange'
      ? operation.lt
      : undefined

const firstOf = (operation: SentOperation): Uint8Array =>
  operation.type === 'deleteRange' ? operation.gte : operation.key

/** Bytes that a change takes. */
export function changeBytes({ operations }: SentChange): number {
  let bytes = CHANGE_HEAD_BYTES
  for (const operation of operations) {
    bytes += 5 + firstOf(operation).length
    if (operation.type !== 'delete') bytes += 4 + (secondOf(operation)?.length ?? 0)
  }
  return bytes
}

export function encodeBlock({ kind, changes }: Block): Buffer {
  const length = changes.reduce((sum, change) => sum + changeBytes(change), HEAD_BYTES)
  const bytes = Buffer.allocUnsafe(length)
  bytes[0] = KINDS.indexOf(kind)
  let at = HEAD_BYTES
  for (const { sequence, operations } of changes) {
    at = bytes.writeUIntBE(sequence, at, 6)
    at = bytes.writeUInt32BE(operations.length, at)
    for (const operation of operations) at = writeOperation(bytes, operation, at)
  }
  return bytes
}

function writeOperation(bytes: Buffer, operation: SentOperation, start: number): number {
  const first = firstOf(operation)
  const second = secondOf(operation)
  const { type } = operation
  bytes[start] = type === 'put' ? PUT : type === 'delete' ? DELETE : DELETE_RANGE
  let at = bytes.writeUInt32BE(first.length, start + 1)
  bytes.set(first, at)
  at += first.length
  if (type === 'delete') return at
  at = bytes.writeUInt32BE(second === undefined ? NO_END : second.length, at)
  if (second !== undefined) bytes.set(second, at)
  return at + (second?.length ?? 0)
}

/** Throws RespServerError `REPLICATION_INVALID` for bytes that are no block. Shares their memory. */
export function decodeBlock(bytes: Buffer): Block {
  const kind = KINDS[bytes[0] ?? 0xff]
  if (kind === undefined) throw malformed('no kind')
  const reader = new BlockReader(bytes)
  const changes: SentChange[] = []
  while (!reader.done) changes.push(reader.change())
  return { kind, changes }
}

class BlockReader {
  readonly #bytes: Buffer
  #at = HEAD_BYTES

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  change(): SentChange {
    this.#need(CHANGE_HEAD_BYTES)
    const sequence = this.#bytes.readUIntBE(this.#at, 6)
    const count = this.#bytes.readUInt32BE(this.#at + 6)
    this.#at += CHANGE_HEAD_BYTES
    const operations: SentOperation[] = []
    for (let i = 0; i < count; i += 1) operations.push(this.#operation())
    return { sequence, operations }
  }

  #operation(): SentOperation {
    this.#need(1)
    const type = this.#bytes[this.#at]
    this.#at += 1
    const key = this.#piece()
    if (key === undefined) throw malformed('a key without length')
    if (type === DELETE) return { type: 'delete', key }
    const second = this.#piece()
    if (type === DELETE_RANGE) return { type: 'deleteRange', gte: key, lt: second }
    if (type !== PUT || second === undefined) throw malformed(`operation ${type}`)
    return { type: 'put', key, value: second }
  }

  #piece(): Buffer | undefined {
    this.#need(4)
    const length = this.#bytes.readUInt32BE(this.#at)
    this.#at += 4
    if (length === NO_END) return undefined
    this.#need(length)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) throw malformed('it ends too early')
  }
}

const malformed = (what: string): RespServerError =>
  new RespServerError('REPLICATION_INVALID', `a block from the primary is malformed: ${what}`)
