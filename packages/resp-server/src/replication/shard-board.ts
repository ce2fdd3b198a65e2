import type { Clock } from '@ashlar/codec'
import { isTransportError, type KeyValue, type KvEntry, type Transport } from '@ashlar/transport'
import { BucketWatch } from './bucket-watch.ts'
import { decodeShard, encodeJson, type ShardRecord } from './member.ts'

/** Tries against another writer of the record. */
const MAX_RACES = 8

/** The record of one group in the transport's key-value. A primary of an older epoch cannot write it. */
export class ShardBoard {
  readonly bucket: string
  readonly key: string
  readonly #transport: Transport

  constructor(transport: Transport, bucket: string, group: string) {
    this.#transport = transport
    this.bucket = bucket
    this.key = `shard.${group}`
  }

  async read(): Promise<ShardRecord | undefined> {
    const entry = await (await this.#bucket()).get(this.key)
    return entry === undefined ? undefined : decodeShard(entry.value)
  }

  /** False when a primary of a later epoch has written it. */
  async write(record: ShardRecord): Promise<boolean> {
    const kv = await this.#bucket()
    for (let race = 0; race < MAX_RACES; race += 1) {
      const entry = await kv.get(this.key)
      const before = entry === undefined ? undefined : decodeShard(entry.value)
      if (before !== undefined && before.epoch > record.epoch) return false
      try {
        if (entry === undefined) await kv.create(this.key, encodeJson(record))
        else await kv.update(this.key, encodeJson(record), entry.revision)
        return true
      } catch (error) {
        if (!isTransportError(error, 'KV_EXISTS') && !isTransportError(error, 'KV_CONFLICT')) {
          throw error
        }
      }
    }
    return false
  }

  /** Calls with the record as it is, and whenever it changes, until it is closed. */
  watch(
    clock: Clock,
    onRecord: (record: ShardRecord) => void,
    onError: (error: unknown) => void,
  ): BucketWatch {
    const { bucket, key } = this
    const onEntry = ({ operation, value }: KvEntry): void => {
      const record = operation === 'put' ? decodeShard(value) : undefined
      if (record !== undefined) onRecord(record)
    }
    return new BucketWatch({ transport: this.#transport, bucket, key, clock, onEntry, onError })
  }

  #bucket(): Promise<KeyValue> {
    return this.#transport.kv(this.bucket)
  }
}
