import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { exportRdb } from '../rdb/move-data.ts'
import type { ServerContext } from '../server/context.ts'
import { integer, syntaxError } from './arguments.ts'
import type { CommandDefinition } from './command.ts'

const NO_STREAM =
  'ERR this server sends snapshots, but not the commands after them: REPLCONF rdb-only 1 asks for one'
const NOT_HERE = 'ERR a snapshot goes over a socket only'

function applyOption(client: Client, name: string, value: string): void {
  const { snapshots } = client.server
  const request = snapshots.get(client) ?? { isAlone: false, contents: 'all' }
  if (name === 'rdb-only') {
    const number = integer(value)
    if (number < 0 || number > 1) {
      throw new ReplyError('ERR value is out of range, value must between 0 and 1')
    }
    snapshots.set(client, { ...request, isAlone: number === 1 })
  } else if (name === 'rdb-filter-only') {
    const parts = value.split(/\s+/).filter((part) => part !== '')
    const unknown = parts.find((part) => part.toLowerCase() !== 'functions')
    if (unknown !== undefined) {
      throw new ReplyError(`ERR Unsupported rdb-filter-only option: ${unknown}`)
    }
    snapshots.set(client, { ...request, contents: parts.length === 0 ? 'nothing' : 'functions' })
  } else if (!['listening-port', 'ip-address', 'capa', 'ack', 'getack'].includes(name)) {
    throw new ReplyError(`ERR Unrecognized REPLCONF option: ${name}`)
  }
}

/** What the one who asks for a snapshot wants to have in it. Replicas' own options do nothing. */
function replconf(client: Client, args: readonly string[]) {
  if (args.length % 2 === 0) throw syntaxError()
  for (let at = 1; at < args.length; at += 2) {
    applyOption(client, (args[at] as string).toLowerCase(), args[at + 1] as string)
  }
  client.reply.ok()
}

function requireAlone(client: Client): void {
  if (client.server.snapshots.get(client)?.isAlone !== true) throw new ReplyError(NO_STREAM)
  if (client.transport.deliver === undefined) throw new ReplyError(NOT_HERE)
}

function sync(client: Client) {
  requireAlone(client)
  begin(client)
}

function psync(client: Client, args: readonly string[]) {
  integer(args[2] as string)
  requireAlone(client)
  client.reply.simple(`FULLRESYNC ${client.server.runId} 0`)
  begin(client)
}

/** Answers nothing more on this connection but the snapshot. */
function begin(client: Client): void {
  client.isClosing = true
  client.transport.flush()
  send(client).catch((error: unknown) => {
    client.server.logger.warn('a snapshot was not sent whole', { error: String(error) })
    client.transport.close('now')
  })
}

async function send(client: Client): Promise<void> {
  const { server, transport } = client
  const contents = server.snapshots.get(client)?.contents ?? 'all'
  const path = temporaryPath(server, client.id)
  try {
    const bytes = exportRdb(server, path, contents)
    // nobody is to hear of what a power cut could take back
    if (server.durability.isPersistent) await server.save()
    await transport.deliver?.(`$${bytes}\r\n`, createReadStream(path))
  } finally {
    await rm(path, { force: true })
  }
}

const temporaryPath = ({ durability, settings, runId }: ServerContext, id: number): string =>
  durability.isPersistent
    ? join(settings.dir, `ashlar-resp.snapshot-${id}`)
    : join(tmpdir(), `ashlar-resp.snapshot-${runId}-${id}`)

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
    summary: 'Sends a snapshot to who has asked for one by REPLCONF rdb-only 1: redis-cli --rdb.',
    handler: sync,
  },
  {
    ...base,
    name: 'psync',
    arity: -3,
    since: '2.8.0',
    summary: 'As SYNC, for who has asked for a snapshot alone.',
    handler: psync,
  },
  {
    name: 'replconf',
    arity: -1,
    group: 'server',
    flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
    since: '3.0.0',
    summary: 'Says what a snapshot is to hold.',
    handler: replconf,
  },
]
