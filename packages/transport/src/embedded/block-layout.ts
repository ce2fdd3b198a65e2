import type { Store } from '@ashlar/lsm-store'
import { TransportError } from '../errors.ts'
import type { LogRecord } from '../log/log-records.ts'
import { moveSequenceKey, sequenceKey, sequenceOf } from './keys.ts'
import { READ_BYTES, READ_RECORDS, type RecordLayout, type RecordRange } from './record-layout.ts'
import type { RecordTail } from './record-tail.ts'
import { decodeRecord, encodeHeaders, recordBound, writeRecord } from './record-value.ts'
import { Slab } from './slab.ts'
import type { StoreWriter } from './store-writer.ts'

/*
 * A block: consecutive records of a log, under the sequence of the first. Each one is
 *
 *   u32   bytes of the record
 *   u32   its sequence less that of the block
 *         the record
 */
const OFFSET_AT = 4
const HEADER_BYTES = 8
/** Removals inside of blocks that are worked off together. */
const MAX_REMOVED = 256
/** Blocks below the floor are looked for when it has risen by so much. */
const TRIM_RECORDS = 1024
const TRIM_BYTES: number = 1024 * 1024

/** A block as it was read. */
interface Block {
  readonly first: number
  readonly value: Uint8Array
}

/**
 * Records that were appended together stand together, so that the store has one entry for hundreds
 * of them. Made for logs whose records go in the order in which they came: those are forgotten by
 * raising a floor. Removing one in the middle rewrites its block.
 */
export class BlockLayout implements RecordLayout {
  readonly #writer: StoreWriter
  readonly #scope: number
  readonly #key: Uint8Array
  readonly #slab = new Slab()
  /** The open block: where it starts in the slab, its first sequence, how many records it has. */
  #start = 0
  #first = 0
  #count = 0
  /** Newest sequence added, and newest one handed to the store. */
  #added: number
  #written: number
  /** Removed from blocks that the store has; the next batch, which any read writes, tells it. */
  readonly #removed = new Set<number>()
  /** No block is kept below this one. */
  #trimmed = 0
  #deadBytes = 0

  constructor(writer: StoreWriter, scope: number, lastSequence: number) {
    this.#writer = writer
    this.#scope = scope
    this.#key = sequenceKey(scope, 'b', 0)
    this.#added = lastSequence
    this.#written = lastSequence
  }

  add(record: LogRecord, tail: RecordTail): void {
    const slab = this.#slab
    const headers = encodeHeaders(record.headers)
    const bound = HEADER_BYTES + recordBound(record, headers)
    if (!slab.fits(bound)) {
      this.#seal()
      slab.renew(bound)
    }
    if (this.#count === 0) {
      this.#start = slab.used
      this.#first = record.sequence
    }
    const start = slab.used
    slab.used += HEADER_BYTES
    const payloadAt = writeRecord(slab, record, headers)
    slab.view.setUint32(start, slab.used - start - HEADER_BYTES)
    slab.view.setUint32(start + OFFSET_AT, record.sequence - this.#first)
    this.#count += 1
    this.#added = record.sequence
    tail.add(record, slab.bytes, payloadAt)
  }

  get(sequence: number): LogRecord | undefined {
    const block = this.#blockOf(this.#writer.store, sequence)
    if (block === undefined) return undefined
    for (const place of placesIn(block)) {
      if (place.sequence === sequence) return decodeRecord(sequence, place.record)
    }
    return undefined
  }

  remove({ sequence, bytes }: LogRecord, lowest: boolean): void {
    if (lowest) {
      this.#deadBytes += bytes
      return
    }
    // Blocks are rewritten from what the store has. This is before the removal, and leaves it whole.
    if (sequence > this.#written || this.#removed.size >= MAX_REMOVED) this.#writer.flush()
    this.#removed.add(sequence)
  }

  read(from: number, before: number): RecordRange {
    const { store } = this.#writer
    const records: LogRecord[] = []
    let bytes = 0
    using iterator = store.iterator({
      gte: sequenceKey(this.#scope, 'b', this.#blockOf(store, from)?.first ?? from),
      lt: sequenceKey(this.#scope, 'b', before),
    })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const block = { first: sequenceOf(entry[0]), value: entry[1] }
      for (const { sequence, record } of placesIn(block)) {
        if (sequence < from || sequence >= before) continue
        const found = decodeRecord(sequence, record)
        records.push(found)
        bytes += found.bytes
      }
      if (records.length >= READ_RECORDS || bytes >= READ_BYTES) return { records, complete: false }
    }
    return { records, complete: true }
  }

  flush(floor: number): void {
    this.#seal()
    const { store } = this.#writer
    if (this.#removed.size > 0) this.#rewrite(store, floor)
    const risen = floor - this.#trimmed
    if (this.#deadBytes > 0 && (risen >= TRIM_RECORDS || this.#deadBytes >= TRIM_BYTES)) {
      this.#trim(store, floor)
    }
    this.#written = this.#added
  }

  /** Ends the open block. */
  #seal(): void {
    if (this.#count === 0) return
    this.#count = 0
    const { bytes, used } = this.#slab
    moveSequenceKey(this.#key, this.#first)
    this.#writer.put(this.#key, bytes.subarray(this.#start, used))
  }

  /** The block in which a sequence is, if it is anywhere. */
  #blockOf(store: Store, sequence: number): Block | undefined {
    using iterator = store.iterator({
      gte: sequenceKey(this.#scope, 'b', 0),
      lte: sequenceKey(this.#scope, 'b', sequence),
      reverse: true,
      limit: 1,
    })
    const entry = iterator.nextSync()
    return entry === undefined ? undefined : { first: sequenceOf(entry[0]), value: entry[1] }
  }

  /** Writes the blocks anew from which something was removed. */
  #rewrite(store: Store, floor: number): void {
    const rewritten = new Set<number>()
    for (const removed of this.#removed) {
      const block = this.#blockOf(store, removed)
      if (block === undefined || rewritten.has(block.first)) continue
      rewritten.add(block.first)
      const kept: Uint8Array[] = []
      for (const { sequence, whole } of placesIn(block)) {
        if (sequence >= floor && !this.#removed.has(sequence)) kept.push(whole)
      }
      const key = sequenceKey(this.#scope, 'b', block.first)
      if (kept.length === 0) this.#writer.delete(key)
      else this.#writer.put(key, Buffer.concat(kept))
    }
    this.#removed.clear()
  }

  /** Removes the blocks of which nothing is left: all that end before another one starts at the floor. */
  #trim(store: Store, floor: number): void {
    using iterator = store.iterator({
      gte: sequenceKey(this.#scope, 'b', this.#trimmed),
      lte: sequenceKey(this.#scope, 'b', floor),
      keysOnly: true,
    })
    let last: Uint8Array | undefined
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      if (last !== undefined) this.#writer.delete(last)
      last = entry[0]
    }
    if (last !== undefined) this.#trimmed = sequenceOf(last)
    this.#deadBytes = 0
  }
}

/** Where a record stands in its block. */
interface Place {
  readonly sequence: number
  readonly record: Uint8Array
  /** With what stands in front of it. */
  readonly whole: Uint8Array
}

function* placesIn({ first, value }: Block): Generator<Place, undefined> {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  let at = 0
  while (at < value.length) {
    const cut = value.length - at < HEADER_BYTES
    const end = cut ? Infinity : at + HEADER_BYTES + view.getUint32(at)
    if (end > value.length) {
      throw new TransportError('STORAGE_FAILED', `the block at ${first} is cut at byte ${at}`)
    }
    yield {
      sequence: first + view.getUint32(at + OFFSET_AT),
      record: value.subarray(at + HEADER_BYTES, end),
      whole: value.subarray(at, end),
    }
    at = end
  }
  return undefined
}
