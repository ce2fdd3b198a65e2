import type { Readable } from 'node:stream'
import type { User } from '../acl/user.ts'
import type { Command } from '../commands/command.ts'
import type { Database, KeyWatcher } from '../keyspace/database.ts'
import type { Bytes, Reply } from '../protocol/reply.ts'
import type { ServerContext } from '../server/context.ts'
import type { BlockedState } from './blocking.ts'
import type { TrackingState } from './tracking.ts'

/** The socket or in-process caller behind a client. */
export interface ClientTransport {
  readonly address: string
  readonly localAddress: string
  readonly isUnixSocket: boolean
  /** Of the socket, -1 where there is none to be known. */
  readonly fileDescriptor: number
  /** Bytes of replies that wait to leave. */
  readonly outputBytes: number
  /** Bytes of a request that is not complete yet. */
  readonly inputBytes: number
  /** Sends what the reply holds, at the end of this turn of the event loop. */
  flush(): void
  /** After a wait: goes on with requests that came meanwhile. */
  resume(): void
  /** Sends this after what was written so far, as fast as it is taken, and ends. Sockets have it. */
  deliver?(head: string, content: Readable): Promise<void>
  /** Closes once everything written so far has left, or at once. */
  close(how: 'after-reply' | 'now'): void
}

export interface QueuedCommand {
  readonly command: Command
  readonly args: readonly Bytes[]
}

export interface Transaction {
  readonly queue: QueuedCommand[]
  /** What the arguments of the queue take. */
  bytes: number
  /** A command was refused while queueing: EXEC will refuse all. */
  isAborted: boolean
}

export interface WatchedKey {
  readonly database: Database
  readonly key: string
  readonly wasExpired: boolean
}

/** What clients have that do not subscribe or watch, who are most: shared, and never changed. */
export const NO_NAMES: Set<string> = new Set()
export const NOTHING_WATCHED: WatchedKey[] = []

/** One connection: what it has selected, subscribed to, watches and waits for. */
export class Client implements KeyWatcher {
  readonly id: number
  readonly server: ServerContext
  readonly transport: ClientTransport
  /** Where commands write. Replaced while replies are off. */
  reply: Reply
  /** The real output, for pushes that come whatever the reply mode is. */
  readonly output: Reply & { version: 2 | 3 }
  database: Database
  name = ''
  libraryName = ''
  libraryVersion = ''
  /** Who it acts for: `default` until somebody logs in. */
  user: User
  isAuthenticated: boolean
  readonly createdAt: number
  lastInteraction: number
  lastCommand: Command | undefined
  transaction: Transaction | undefined
  watched: WatchedKey[] = NOTHING_WATCHED
  /** A watched key was touched: EXEC answers null. */
  isDirty = false
  blocked: BlockedState | undefined
  /** Changed by PubSub only. */
  channels: Set<string> = NO_NAMES
  patterns: Set<string> = NO_NAMES
  shardChannels: Set<string> = NO_NAMES
  replyMode: 'on' | 'off' | 'skip' | 'skip-next' = 'on'
  isInTransaction = false
  /** ASKING: the next command is for a slot that is on its way here. */
  isAsking = false
  /** READONLY: reads of a replica need not go to the primary. */
  readsReplicas = false
  /** Set while it tracks keys. */
  tracking: TrackingState | undefined
  noEvict = false
  noTouch = false
  isClosing = false
  /** The command answered with an error that it did not throw. */
  hasFailed = false

  constructor(
    id: number,
    server: ServerContext,
    transport: ClientTransport,
    output: Reply & { version: 2 | 3 },
  ) {
    this.id = id
    this.server = server
    this.transport = transport
    this.output = output
    this.reply = output
    this.database = server.keyspace.databases[0] as Database
    this.user = server.acl.defaultUser
    this.isAuthenticated = this.user.needsNoPassword && this.user.isEnabled
    this.createdAt = server.keyspace.now
    this.lastInteraction = this.createdAt
  }

  /** The one that runs the commands of scripts; ids of connections begin with 1. */
  get isScript(): boolean {
    return this.id === 0
  }

  get subscriptions(): number {
    return this.channels.size + this.patterns.size
  }

  /** RESP2 clients with subscriptions may send little else. */
  get isSubscriber(): boolean {
    return this.subscriptions + this.shardChannels.size > 0
  }

  keyTouched(): void {
    this.isDirty = true
  }

  unwatch(): void {
    for (const { database, key } of this.watched) {
      const watchers = database.watchers.get(key)
      watchers?.delete(this)
      if (watchers?.size === 0) database.watchers.delete(key)
    }
    this.watched = NOTHING_WATCHED
    this.isDirty = false
  }

  discardTransaction(): void {
    this.transaction = undefined
    this.unwatch()
  }
}
