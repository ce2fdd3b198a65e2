import type { Client } from '../clients/client.ts'
import { SnapshotFile } from '../downstream/snapshot-file.ts'
import { ReplyError } from '../errors.ts'
import { SILENT } from '../protocol/silent-reply.ts'
import type { SnapshotRequest } from '../server/context.ts'
import { integer, syntaxError } from './arguments.ts'
import type { CommandDefinition } from './command.ts'

const NOT_HERE = 'ERR a snapshot goes over a socket only'
const NOTHING_SAID: SnapshotRequest = {
  isAlone: false,
  contents: 'all',
  port: 0,
  address: '',
  knowsIds: false,
}

const requestOf = (client: Client): SnapshotRequest =>
  client.server.snapshots.get(client) ?? NOTHING_SAID

function optionOf(name: string, value: string): Partial<SnapshotRequest> {
  switch (name) {
    case 'rdb-only': {
      const number = integer(value)
      if (number < 0 || number > 1) {
        throw new ReplyError('ERR value is out of range, value must between 0 and 1')
      }
      return { isAlone: number === 1 }
    }
    case 'rdb-filter-only': {
      const parts = value.split(/\s+/).filter((part) => part !== '')
      const unknown = parts.find((part) => part.toLowerCase() !== 'functions')
      if (unknown !== undefined) {
        throw new ReplyError(`ERR Unsupported rdb-filter-only option: ${unknown}`)
      }
      return { contents: parts.length === 0 ? 'nothing' : 'functions' }
    }
    case 'listening-port':
      return { port: integer(value) }
    case 'ip-address':
      return { address: value }
    case 'capa':
      // who does not know of the end mark is sent the size, which all others take too
      return value.toLowerCase() === 'psync2' ? { knowsIds: true } : {}
    default:
      throw new ReplyError(`ERR Unrecognized REPLCONF option: ${name}`)
  }
}

/** What the one who asks for a snapshot is, and wants to have in it; how far a replica is. */
function replconf(client: Client, args: readonly string[]) {
  if (args.length % 2 === 0) throw syntaxError()
  const { snapshots, downstream } = client.server
  for (let at = 1; at < args.length; at += 2) {
    const name = (args[at] as string).toLowerCase()
    const value = args[at + 1] as string
    // neither is answered, as there is a stream that answers would stand in
    if (name === 'getack') return
    if (name === 'ack') {
      const replica = downstream.of(client)
      if (replica !== undefined) downstream.acknowledged(replica, integer(value))
      return
    }
    snapshots.set(client, { ...requestOf(client), ...optionOf(name, value) })
  }
  client.reply.ok()
}

function sync(client: Client) {
  if (!mayBegin(client)) return
  const { isAlone, port, address } = requestOf(client)
  if (isAlone) return sendAlone(client)
  client.server.downstream.sendAll(client, { port, address, isSilent: true })
  becomeReplica(client)
}

function psync(client: Client, args: readonly string[]) {
  const offset = integer(args[2] as string)
  if (!mayBegin(client)) return
  const { downstream } = client.server
  const { isAlone, port, address, knowsIds } = requestOf(client)
  if (isAlone) {
    client.reply.simple(`FULLRESYNC ${downstream.id} ${downstream.offset}`)
    return sendAlone(client)
  }
  const options = { port, address, isSilent: false }
  // it asks for the byte behind those that it has
  if (!downstream.goOn(client, args[1] as string, offset - 1, { ...options, knowsIds })) {
    client.reply.simple(downstream.sendAll(client, options))
  }
  becomeReplica(client)
}

/** False for one who is a replica already. */
function mayBegin(client: Client): boolean {
  const { downstream } = client.server
  if (downstream.of(client) !== undefined) return false
  if (client.transport.deliver === undefined) throw new ReplyError(NOT_HERE)
  const { refusal } = downstream
  if (refusal !== undefined && !requestOf(client).isAlone) throw new ReplyError(refusal)
  return true
}

/** From here on its connection carries nothing but the stream. */
function becomeReplica(client: Client): void {
  client.replyMode = 'off'
  client.reply = SILENT
}

/** Answers nothing more on this connection but the snapshot. */
function sendAlone(client: Client): void {
  const { server, transport } = client
  client.isClosing = true
  transport.flush()
  deliverAlone(client).catch((error: unknown) => {
    server.logger.warn('a snapshot was not sent whole', { error: String(error) })
    transport.close('now')
  })
}

async function deliverAlone(client: Client): Promise<void> {
  const { server, transport } = client
  const snapshot = SnapshotFile.take(server, server.downstream.offset, requestOf(client).contents)
  snapshot.use()
  try {
    // nobody is to hear of what a power cut could take back
    if (server.durability.isPersistent) await server.save()
    const bytes = await snapshot.written
    await transport.deliver?.(`$${bytes}\r\n`, snapshot.read())
  } finally {
    await snapshot.release()
  }
}

const base = {
  group: 'server',
  flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
} as const

export const SNAPSHOT_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'sync',
    arity: 1,
    since: '1.0.0',
    summary: 'Sends a snapshot, and then what is done from there on: to replicas of old.',
    handler: sync,
  },
  {
    ...base,
    name: 'psync',
    syntax: 'replicationid offset',
    arity: -3,
    since: '2.8.0',
    summary: 'Makes the connection that of a replica: goes on where it was, or sends everything.',
    handler: psync,
  },
  {
    name: 'replconf',
    complexity: 'O(1)',
    isInternal: true,
    arity: -1,
    group: 'server',
    flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
    since: '3.0.0',
    summary: 'Says what a replica is, wants and has.',
    handler: replconf,
  },
]
