import type { Client } from '../clients/client.ts'
import type { Consumer, ConsumerGroup } from '../values/stream/consumer-group.ts'
import { formatId, type StreamId } from '../values/stream/stream-id.ts'

/** Entries that one XCLAIM gives away. */
const IDS_AT_ONCE = 1000

/** Replicas run this for what the command at hand did: for commands that would do another thing there. */
export function tell(client: Client, ...words: readonly string[]): void {
  const { downstream } = client.server
  if (downstream.isOn) downstream.tell(client.database, words)
}

export interface GroupPlace {
  readonly key: string
  readonly group: ConsumerGroup
}

/** Pending entries are this consumer's now, delivered when and as often as they are. */
export function tellClaims(
  client: Client,
  { key, group }: GroupPlace,
  consumer: Consumer,
  ids: readonly StreamId[],
): void {
  const { downstream } = client.server
  if (!downstream.isOn) return
  const lastId = formatId(group.lastId)
  for (let at = 0; at < ids.length; ) {
    const first = group.pending.get(ids[at] as StreamId)
    const same: string[] = []
    for (; at < ids.length && same.length < IDS_AT_ONCE; at += 1) {
      const entry = group.pending.get(ids[at] as StreamId)
      if (entry?.deliveredAt !== first?.deliveredAt) break
      if (entry?.deliveries !== first?.deliveries) break
      same.push(formatId(ids[at] as StreamId))
    }
    if (first === undefined) continue
    const how = ['TIME', String(first.deliveredAt), 'RETRYCOUNT', String(first.deliveries)]
    const options = [...how, 'FORCE', 'JUSTID', 'LASTID', lastId]
    tell(client, 'XCLAIM', key, group.name, consumer.name, '0', ...same, ...options)
  }
}

/** The group goes on behind another entry. */
export function tellGroup(client: Client, { key, group }: GroupPlace): void {
  const { name, lastId, entriesRead } = group
  const read = ['ENTRIESREAD', String(entriesRead)]
  tell(client, 'XGROUP', 'SETID', key, name, formatId(lastId), ...read)
}

export function tellConsumer(client: Client, { key, group }: GroupPlace, consumer: string): void {
  tell(client, 'XGROUP', 'CREATECONSUMER', key, group.name, consumer)
}

/** Nobody waits for these entries to be acknowledged any more. */
export function tellReleased(
  client: Client,
  { key, group }: GroupPlace,
  ids: readonly StreamId[],
): void {
  if (ids.length > 0) tell(client, 'XACK', key, group.name, ...ids.map(formatId))
}
