import type { Bytes } from '../protocol/reply.ts'
import type { Client } from './client.ts'
import { clientBytes } from './client-memory.ts'

function flagsOf(client: Client): string {
  let flags = ''
  if (client.server.monitors.has(client)) flags += 'O'
  if (client.server.downstream.of(client) !== undefined) flags += 'S'
  if (client.isSubscriber) flags += 'P'
  if (client.transaction !== undefined || client.isInTransaction) flags += 'x'
  if (client.blocked !== undefined) flags += 'b'
  if (client.isDirty) flags += 'd'
  if (client.isClosing) flags += 'c'
  if (client.transport.isUnixSocket) flags += 'U'
  if (client.tracking !== undefined) flags += 't'
  if (client.tracking?.isRedirectBroken) flags += 'R'
  if (client.tracking?.broadcasts) flags += 'B'
  if (client.noEvict) flags += 'e'
  if (client.noTouch) flags += 'T'
  return flags === '' ? 'N' : flags
}

/** Bytes of a request as clients send it. */
const requestBytes = (args: readonly Bytes[]): number =>
  args.reduce(
    (sum, { length }) => sum + length + String(length).length + 5,
    args.length === 0 ? 0 : String(args.length).length + 3,
  )

const argumentBytes = (args: readonly Bytes[]): number =>
  args.reduce((sum, { length }) => sum + length, 0)

/**
 * The line of CLIENT LIST: the fields that are kept track of here, under Redis' names. `request` is
 * what the client just sent.
 */
export function describeClient(client: Client, request: readonly Bytes[] = []): string {
  const { transport, server } = client
  const { now } = server.keyspace
  const seconds = (since: number): number => Math.max(0, Math.floor((now - since) / 1000))
  const input = transport.inputBytes + requestBytes(request)
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', transport.address],
    ['laddr', transport.localAddress],
    ['fd', transport.fileDescriptor],
    ['name', client.name],
    ['age', seconds(client.createdAt)],
    ['idle', seconds(client.lastInteraction)],
    ['flags', flagsOf(client)],
    ['db', client.database.index],
    ['sub', client.channels.size],
    ['psub', client.patterns.size],
    ['ssub', client.shardChannels.size],
    ['multi', client.transaction?.queue.length ?? -1],
    ['qbuf', input],
    ['qbuf-free', 0],
    ['argv-mem', argumentBytes(request)],
    ['multi-mem', client.transaction?.bytes ?? 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', transport.outputBytes],
    ['oll', 0],
    ['omem', transport.outputBytes],
    ['tot-mem', clientBytes(client) + requestBytes(request)],
    ['events', 'r'],
    ['cmd', client.lastCommand?.fullName ?? 'NULL'],
    ['user', client.user.name],
    ['redir', client.tracking?.redirectId ?? -1],
    ['resp', client.output.version],
    ['watch', client.watched.length],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ]
  return fields.map(([name, value]) => `${name}=${value}`).join(' ')
}
