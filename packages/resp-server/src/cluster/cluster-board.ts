import type { Clock } from '@ashlar/codec'
import { isTransportError, type KvEntry, type Transport } from '@ashlar/transport'
import { ReplyError } from '../errors.ts'
import { BucketWatch } from '../replication/bucket-watch.ts'
import { decodeShard, encodeJson, type ShardRecord } from '../replication/member.ts'
import { SlotMap } from './slot-map.ts'

const SLOTS_KEY = 'slots'
const SHARD_PREFIX = 'shard.'
/** Tries against others who change the map. */
const MAX_RACES = 16

/** What the nodes of a cluster know of each other: the slot map, and a record of each group. */
export class ClusterBoard {
  slots: SlotMap = SlotMap.empty
  readonly shards: Map<string, ShardRecord> = new Map()
  readonly #transport: Transport
  readonly #bucket: string
  #watch: BucketWatch | undefined

  constructor(transport: Transport, bucket: string) {
    this.#transport = transport
    this.#bucket = bucket
  }

  /** Follows what changes until it is closed. */
  start(clock: Clock, onError: (error: unknown) => void): void {
    const onEntry = (entry: KvEntry): void => this.#changed(entry)
    this.#watch = new BucketWatch({
      transport: this.#transport,
      bucket: this.#bucket,
      clock,
      onEntry,
      onError,
    })
  }

  async close(): Promise<void> {
    await this.#watch?.close()
  }

  /** Changes the slot map, as nobody else has changed it meanwhile. What `change` throws is passed on. */
  async edit(change: (before: SlotMap) => SlotMap): Promise<void> {
    const kv = await this.#transport.kv(this.#bucket)
    for (let race = 0; race < MAX_RACES; race += 1) {
      const entry = await kv.get(SLOTS_KEY)
      const before = entry === undefined ? SlotMap.empty : SlotMap.decode(entry.value)
      if (before === undefined) throw new ReplyError('ERR the slot map is unreadable')
      const after = change(before)
      if (after === before) return
      const value = encodeJson(after.toJson())
      try {
        if (entry === undefined) await kv.create(SLOTS_KEY, value)
        else await kv.update(SLOTS_KEY, value, entry.revision)
        this.#take(after)
        return
      } catch (error) {
        if (!isTransportError(error, 'KV_EXISTS') && !isTransportError(error, 'KV_CONFLICT')) {
          throw error
        }
      }
    }
    throw new ReplyError('TRYAGAIN others change the slot map at the moment')
  }

  #changed({ key, operation, value }: KvEntry): void {
    if (operation !== 'put') return
    if (key === SLOTS_KEY) this.#take(SlotMap.decode(value))
    else if (key.startsWith(SHARD_PREFIX)) {
      const group = key.slice(SHARD_PREFIX.length)
      const record = decodeShard(value)
      const epoch = this.shards.get(group)?.epoch ?? 0
      if (record !== undefined && record.epoch >= epoch) this.shards.set(group, record)
    }
  }

  /** What was read may be older than what was written just now. */
  #take(map: SlotMap | undefined): void {
    if (map !== undefined && map.epoch > this.slots.epoch) this.slots = map
  }
}
