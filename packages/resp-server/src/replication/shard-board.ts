import { isTransportError, type KeyValue, type Transport } from '@ashlar/transport'
import { decodeShard, encodeJson, type ShardRecord } from './member.ts'

/** Tries against another writer of the record. */
const MAX_RACES = 8

/** The record of one group in the transport's key-value. A primary of an older epoch cannot write it. */
export class ShardBoard {
  readonly bucket: string
  readonly key: string
  readonly #transport: Transport
  readonly #stop = new AbortController()
  #watching: Promise<void> | undefined

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
  watch(onRecord: (record: ShardRecord) => void, onError: (error: unknown) => void): void {
    this.#watching = this.#watch(onRecord).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) onError(error)
    })
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#watching
  }

  async #watch(onRecord: (record: ShardRecord) => void): Promise<void> {
    const { signal } = this.#stop
    const kv = await this.#bucket()
    for await (const entry of kv.watch({ key: this.key, signal })) {
      const record = entry.operation === 'put' ? decodeShard(entry.value) : undefined
      if (record !== undefined) onRecord(record)
    }
  }

  #bucket(): Promise<KeyValue> {
    return this.#transport.kv(this.bucket)
  }
}
