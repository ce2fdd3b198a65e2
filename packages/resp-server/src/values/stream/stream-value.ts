import { Collection } from '../collection.ts'
import { stringBytes } from '../string-bytes.ts'
import { type Consumer, ConsumerGroup, UNKNOWN_READ } from './consumer-group.ts'
import { IdMap } from './id-map.ts'
import { packNumber, packPairs, packString, Unpacker } from './packed.ts'
import { idWithin, MAX_ID, MIN_ID, type StreamId } from './stream-id.ts'
import { DEFAULT_NODE_LIMITS, type NodeLimits, StreamNode } from './stream-node.ts'

/** Bytes of an ID. */
const ID_LENGTH = 16
/** Names of element records begin with one of these; groups sort before what belongs to them. */
const META = '\0'
const ENTRY = '\x01'
const GROUP = '\x02'
const CONSUMER = '\x03'
const PENDING = '\x04'

export interface StreamEntry {
  /** Field, value, field, value... */
  readonly pairs: readonly string[]
  readonly node: StreamNode
}

/** A log of entries in order of their IDs, with consumer groups. Stays when it is empty. */
export class StreamValue extends Collection {
  readonly type = 'stream'
  override readonly vanishesWhenEmpty: boolean = false
  readonly entries: IdMap<StreamEntry> = new IdMap()
  readonly groups: Map<string, ConsumerGroup> = new Map()
  /** In order. */
  readonly nodes: Set<StreamNode> = new Set()
  lastId: StreamId = MIN_ID
  maxDeletedId: StreamId = MIN_ID
  entriesAdded = 0
  #lastNode: StreamNode | undefined
  #bytes = 0

  get size(): number {
    return this.entries.size
  }

  override get elementCount(): number {
    let count = 1 + this.entries.size
    for (const group of this.groups.values()) {
      count += 1 + group.consumers.size + group.pending.size
    }
    return count
  }

  get firstId(): StreamId {
    return this.entries.firstId ?? MIN_ID
  }

  /** In order of their names, as Redis lists them. */
  get sortedGroups(): ConsumerGroup[] {
    return [...this.groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The ID must be above {@link lastId}. */
  append(id: StreamId, pairs: readonly string[], limits: NodeLimits): void {
    this.#insert(id, pairs, limits)
    this.lastId = id
    this.entriesAdded += 1
    this.touch(id)
    this.touchWhole(META)
  }

  /** False when there is no such entry. */
  deleteEntry(id: StreamId): boolean {
    if (!this.#remove(id)) return false
    if (id > this.maxDeletedId) this.maxDeletedId = id
    this.touchWhole(META)
    return true
  }

  /** Removes the first entry, if there is one. Trimming leaves no trace as deleting does. */
  trimFirst(): void {
    const id = this.entries.firstId
    const entry = this.entries.shift()
    if (id !== undefined && entry !== undefined) this.#removed(id, entry)
  }

  setMeta(meta: { lastId?: StreamId; maxDeletedId?: StreamId; entriesAdded?: number }): void {
    if (meta.lastId !== undefined) this.lastId = meta.lastId
    if (meta.maxDeletedId !== undefined) this.maxDeletedId = meta.maxDeletedId
    if (meta.entriesAdded !== undefined) this.entriesAdded = meta.entriesAdded
    this.touchWhole(META)
  }

  createGroup(name: string, lastId: StreamId, entriesRead: number): ConsumerGroup {
    const group = new ConsumerGroup(name, lastId, entriesRead)
    this.groups.set(name, group)
    this.groupChanged(group)
    return group
  }

  deleteGroup(group: ConsumerGroup): void {
    for (const consumer of [...group.consumers.values()]) this.deleteConsumer(group, consumer)
    this.groups.delete(group.name)
    this.#touchOther(GROUP + group.name)
  }

  groupChanged(group: ConsumerGroup): void {
    this.#touchOther(GROUP + group.name)
  }

  createConsumer(group: ConsumerGroup, name: string, now: number): Consumer {
    const consumer = group.addConsumer(name, now)
    this.consumerChanged(group, consumer)
    return consumer
  }

  /** How many entries it had, which nobody has now. */
  deleteConsumer(group: ConsumerGroup, consumer: Consumer): number {
    const count = consumer.pending.size
    for (const id of [...consumer.pending.ascend(MIN_ID, MAX_ID)].map(([id]) => id)) {
      this.release(group, id)
    }
    group.consumers.delete(consumer.name)
    this.#touchOther(CONSUMER + packString(group.name) + consumer.name)
    return count
  }

  consumerChanged(group: ConsumerGroup, consumer: Consumer): void {
    this.#touchOther(CONSUMER + packString(group.name) + consumer.name)
  }

  assign(
    group: ConsumerGroup,
    id: StreamId,
    consumer: Consumer,
    deliveredAt: number,
    deliveries: number,
  ): void {
    group.assign(id, consumer, deliveredAt, deliveries)
    this.#touchOther(PENDING + packString(group.name) + id)
  }

  /** False when nobody had the entry. */
  release(group: ConsumerGroup, id: StreamId): boolean {
    if (!group.release(id)) return false
    this.#touchOther(PENDING + packString(group.name) + id)
    return true
  }

  /** Entries are touched by their IDs, everything else by what {@link elementKey} gives. */
  override elementKey(element: string): string {
    return element.length === ID_LENGTH ? ENTRY + element : withoutMark(element)
  }

  encodeElement(touched: string): string | undefined {
    if (touched.length === ID_LENGTH) {
      const entry = this.entries.get(touched)
      return entry && packPairs(entry.pairs)
    }
    const element = withoutMark(touched)
    const name = element.slice(1)
    switch (element[0]) {
      case META:
        return this.lastId + this.maxDeletedId + packNumber(this.entriesAdded)
      case GROUP: {
        const group = this.groups.get(name)
        return group && group.lastId + packNumber(group.entriesRead)
      }
      default:
        return this.#encodeOfGroup(element[0] as string, new Unpacker(name))
    }
  }

  restoreElement(element: string, value: string): void {
    const name = element[0] === ENTRY ? idWithin(element, 1) : element.slice(1)
    switch (element[0]) {
      case META:
        this.#restoreMeta(new Unpacker(value))
        return
      case ENTRY: {
        const pairs: string[] = []
        for (const packed = new Unpacker(value); !packed.done; ) pairs.push(packed.string())
        this.#insert(name, pairs, DEFAULT_NODE_LIMITS)
        return
      }
      case GROUP: {
        const group = this.#restoredGroup(name)
        group.lastId = value.slice(0, 16)
        group.entriesRead = new Unpacker(value, 16).number()
        return
      }
      default:
        this.#restoreOfGroup(element[0] as string, new Unpacker(name), new Unpacker(value))
    }
  }

  touchAll(): void {
    this.touchWhole(META)
    for (const [id] of this.entries.ascend(MIN_ID, MAX_ID)) this.touch(id)
    for (const group of this.groups.values()) {
      this.groupChanged(group)
      for (const consumer of group.consumers.values()) this.consumerChanged(group, consumer)
      for (const [id] of group.pending.ascend(MIN_ID, MAX_ID)) {
        this.#touchOther(PENDING + packString(group.name) + id)
      }
    }
  }

  clone(): StreamValue {
    const copy = new StreamValue()
    copy.setMeta(this)
    const nodes = new Map([...this.nodes].map((node) => [node, node.clone()]))
    for (const node of nodes.values()) copy.nodes.add(node)
    copy.#lastNode = [...nodes.values()].at(-1)
    for (const [id, { pairs, node }] of this.entries.ascend(MIN_ID, MAX_ID)) {
      copy.entries.set(id, { pairs, node: nodes.get(node) as StreamNode })
    }
    copy.#bytes = this.#bytes
    for (const group of this.groups.values()) {
      const other = copy.createGroup(group.name, group.lastId, group.entriesRead)
      for (const { name, seenAt, activeAt } of group.consumers.values()) {
        other.addConsumer(name, seenAt, activeAt)
      }
      for (const [id, entry] of group.pending.ascend(MIN_ID, MAX_ID)) {
        const consumer = other.consumers.get(entry.consumer.name) as Consumer
        other.assign(id, consumer, entry.deliveredAt, entry.deliveries)
      }
    }
    return copy
  }

  encoding(): string {
    return 'stream'
  }

  memoryBytes(): number {
    let bytes = 400 + this.#bytes
    for (const group of this.groups.values()) {
      bytes += 300 + group.consumers.size * 200 + group.pending.size * 120
    }
    return bytes
  }

  #insert(id: StreamId, pairs: readonly string[], limits: NodeLimits): void {
    let length = 0
    for (const text of pairs) length += text.length
    let node = this.#lastNode
    if (node === undefined || !node.hasRoom(length, limits)) {
      node = new StreamNode(
        id,
        pairs.filter((_, at) => at % 2 === 0),
      )
      this.nodes.add(node)
      this.#lastNode = node
    }
    node.add(id, pairs)
    this.entries.set(id, { pairs, node })
    this.#bytes += entryBytes(pairs)
  }

  #remove(id: StreamId): boolean {
    const entry = this.entries.get(id)
    if (entry === undefined) return false
    this.entries.delete(id)
    this.#removed(id, entry)
    return true
  }

  #removed(id: StreamId, { pairs, node }: StreamEntry): void {
    this.#bytes -= entryBytes(pairs)
    node.live -= 1
    node.removed += 1
    if (node.live === 0) {
      this.nodes.delete(node)
      if (this.#lastNode === node) this.#lastNode = [...this.nodes].at(-1)
    }
    this.touch(id)
  }

  /** For anything but an entry: its name must not be taken for an ID. */
  #touchOther(element: string): void {
    this.touch(element.length === ID_LENGTH ? ENTRY + element : element)
  }

  #encodeOfGroup(kind: string, name: Unpacker): string | undefined {
    const group = this.groups.get(name.string())
    const rest = name.rest()
    if (kind === CONSUMER) {
      const consumer = group?.consumers.get(rest)
      return consumer && packNumber(consumer.seenAt) + packNumber(consumer.activeAt)
    }
    const entry = group?.pending.get(rest)
    return (
      entry &&
      packNumber(entry.deliveredAt) + packNumber(entry.deliveries) + packString(entry.consumer.name)
    )
  }

  #restoreMeta(packed: Unpacker): void {
    this.lastId = packed.take(16)
    this.maxDeletedId = packed.take(16)
    this.entriesAdded = packed.number()
  }

  #restoreOfGroup(kind: string, name: Unpacker, value: Unpacker): void {
    const group = this.#restoredGroup(name.string())
    const first = value.number()
    const second = value.number()
    if (kind === PENDING) {
      const consumer = restoredConsumer(group, value.string())
      group.assign(name.rest(), consumer, first, second)
      return
    }
    const consumer = restoredConsumer(group, name.rest())
    consumer.seenAt = first
    consumer.activeAt = second
  }

  /** Records of long names come after the others, in no particular order. */
  #restoredGroup(name: string): ConsumerGroup {
    const known = this.groups.get(name)
    if (known !== undefined) return known
    const group = new ConsumerGroup(name, MIN_ID, UNKNOWN_READ)
    this.groups.set(name, group)
    return group
  }
}

/** No other element's name begins as that of an entry does: see `#touchOther`. */
const withoutMark = (touched: string): string => (touched[0] === ENTRY ? touched.slice(1) : touched)

const restoredConsumer = (group: ConsumerGroup, name: string): Consumer =>
  group.consumers.get(name) ?? group.addConsumer(name, 0)

function entryBytes(pairs: readonly string[]): number {
  let bytes = 120
  for (const text of pairs) bytes += 8 + stringBytes(text.length)
  return bytes
}
