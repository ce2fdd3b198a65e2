import type { LogRecord } from '../log/log-records.ts'
import { moveSequenceKey, sequenceKey, sequenceOf } from './keys.ts'
import { READ_BYTES, READ_RECORDS, type RecordLayout, type RecordRange } from './record-layout.ts'
import type { RecordTail } from './record-tail.ts'
import { decodeRecord, encodeHeaders, recordBound, writeRecord } from './record-value.ts'
import { Slab } from './slab.ts'
import type { StoreWriter } from './store-writer.ts'

/** Each record under a key of its own: for logs and buckets that remove records in any order. */
export class SingleLayout implements RecordLayout {
  readonly #writer: StoreWriter
  readonly #scope: number
  readonly #key: Uint8Array
  readonly #slab = new Slab()

  constructor(writer: StoreWriter, scope: number) {
    this.#writer = writer
    this.#scope = scope
    this.#key = sequenceKey(scope, 'm', 0)
  }

  add(record: LogRecord, tail: RecordTail): void {
    const slab = this.#slab
    const headers = encodeHeaders(record.headers)
    const bound = recordBound(record, headers)
    if (!slab.fits(bound)) slab.renew(bound)
    const start = slab.used
    const payloadAt = writeRecord(slab, record, headers)
    // A batch copies what it is given, so one key serves for all.
    moveSequenceKey(this.#key, record.sequence)
    this.#writer.put(this.#key, slab.bytes.subarray(start, slab.used))
    tail.add(record, slab.bytes, payloadAt)
  }

  get(sequence: number): LogRecord | undefined {
    const value = this.#writer.store.getSync(sequenceKey(this.#scope, 'm', sequence))
    return value === undefined ? undefined : decodeRecord(sequence, value)
  }

  remove({ sequence }: LogRecord): void {
    this.#writer.delete(sequenceKey(this.#scope, 'm', sequence))
  }

  read(from: number, before: number): RecordRange {
    const records: LogRecord[] = []
    using iterator = this.#writer.store.iterator({
      gte: sequenceKey(this.#scope, 'm', from),
      lt: sequenceKey(this.#scope, 'm', before),
    })
    let bytes = 0
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const record = decodeRecord(sequenceOf(entry[0]), entry[1])
      records.push(record)
      bytes += record.bytes
      if (records.length >= READ_RECORDS || bytes >= READ_BYTES) return { records, complete: false }
    }
    return { records, complete: true }
  }

  flush(): void {}
}
