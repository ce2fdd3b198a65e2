import type { ConsumerGroup } from '../values/stream/consumer-group.ts'
import {
  MAX_ID,
  MIN_ID,
  millisecondsOf,
  type StreamId,
  sequenceOf,
} from '../values/stream/stream-id.ts'
import type { StreamNode } from '../values/stream/stream-node.ts'
import type { StreamValue } from '../values/stream/stream-value.ts'
import { ListpackBuilder } from './listpack.ts'
import type { RdbWriter } from './rdb-writer.ts'

const SAME_FIELDS = 2

type Entry = readonly [id: StreamId, pairs: readonly string[]]

/** Writes entries, meta data and groups as Redis 7.0 does. */
export function encodeStream(writer: RdbWriter, stream: StreamValue): void {
  const nodes = new Map<StreamNode, Entry[]>()
  for (const [id, { pairs, node }] of stream.entries.ascend(MIN_ID, MAX_ID)) {
    const entries = nodes.get(node)
    if (entries === undefined) nodes.set(node, [[id, pairs]])
    else entries.push([id, pairs])
  }
  writer.length64(nodes.size)
  for (const [node, entries] of nodes) {
    writer.blob(Buffer.from(node.masterId, 'latin1'))
    writer.blob(nodeListpack(node, entries))
  }
  writer.length64(stream.size)
  id(writer, stream.lastId)
  id(writer, stream.firstId)
  id(writer, stream.maxDeletedId)
  writer.length64(stream.entriesAdded)
  writer.length64(stream.groups.size)
  for (const group of stream.sortedGroups) encodeGroup(writer, group)
}

function id(writer: RdbWriter, value: StreamId): void {
  writer.length64(millisecondsOf(value))
  writer.length64(sequenceOf(value))
}

function nodeListpack(node: StreamNode, entries: readonly Entry[]): Buffer {
  const pack = new ListpackBuilder()
  pack.integer(entries.length)
  pack.integer(0)
  pack.integer(node.fields.length)
  for (const field of node.fields) pack.string(field)
  pack.integer(0)
  const masterMs = BigInt(millisecondsOf(node.masterId))
  const masterSeq = BigInt(sequenceOf(node.masterId))
  for (const [entryId, pairs] of entries) {
    const isSame = node.hasFields(pairs)
    pack.integer(isSame ? SAME_FIELDS : 0)
    pack.integer(BigInt.asIntN(64, BigInt(millisecondsOf(entryId)) - masterMs))
    pack.integer(BigInt.asIntN(64, BigInt(sequenceOf(entryId)) - masterSeq))
    const start = pack.count
    if (isSame) {
      for (let at = 1; at < pairs.length; at += 2) pack.string(pairs[at] as string)
    } else {
      pack.integer(pairs.length / 2)
      for (const text of pairs) pack.string(text)
    }
    pack.integer(pack.count - start + 3)
  }
  return pack.build()
}

function encodeGroup(writer: RdbWriter, group: ConsumerGroup): void {
  writer.string(group.name)
  id(writer, group.lastId)
  writer.length64(BigInt.asUintN(64, BigInt(group.entriesRead)))
  writer.length64(group.pending.size)
  for (const [entryId, { deliveredAt, deliveries }] of group.pending.ascend(MIN_ID, MAX_ID)) {
    writer.raw(Buffer.from(entryId, 'latin1'))
    writer.uint64(BigInt(deliveredAt))
    writer.length64(deliveries)
  }
  writer.length64(group.consumers.size)
  for (const consumer of group.sortedConsumers) {
    writer.string(consumer.name)
    writer.uint64(BigInt(consumer.seenAt))
    writer.length64(consumer.pending.size)
    for (const [entryId] of consumer.pending.ascend(MIN_ID, MAX_ID)) {
      writer.raw(Buffer.from(entryId, 'latin1'))
    }
  }
}
