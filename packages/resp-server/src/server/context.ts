import type { Clock, Logger, Random } from '@ashlar/codec'
import type { Acl } from '../acl/acl.ts'
import type { Blocking } from '../clients/blocking.ts'
import type { Client, QueuedCommand } from '../clients/client.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { Pause } from '../clients/pause.ts'
import type { Tracking } from '../clients/tracking.ts'
import type { CommandTable } from '../commands/command-table.ts'
import type { Settings } from '../config/settings.ts'
import type { Downstream } from '../downstream/downstream.ts'
import type { Eviction } from '../keyspace/eviction.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { ModuleRegistry } from '../modules/module-registry.ts'
import type { Monitors } from '../observe/monitors.ts'
import type { Timing } from '../observe/timing.ts'
import type { BackgroundSave } from '../persistence/background-save.ts'
import type { Durability } from '../persistence/durability.ts'
import type { PubSub } from '../pubsub/pubsub.ts'
import type { RdbContents } from '../rdb/move-data.ts'
import type { CommandGate } from '../replication/gate.ts'
import type { Replication } from '../replication/replication.ts'
import type { Scripting } from '../scripting/scripting.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { InProcessClient } from './in-process.ts'
import type { Statistics } from './statistics.ts'
import type { Flushable } from './turn.ts'

/** What REPLCONF said of what is to be asked for. */
export interface SnapshotRequest {
  /** No commands are wanted after it. */
  readonly isAlone: boolean
  readonly contents: RdbContents
  /** Where the one who asks can be reached; 0 and empty: as its connection has it. */
  readonly port: number
  readonly address: string
  /** Understands that a history goes on under another name. */
  readonly knowsIds: boolean
}

/** What commands reach of the server. */
export interface ServerContext {
  readonly keyspace: Keyspace
  readonly durability: Durability
  readonly backgroundSave: BackgroundSave
  readonly settings: Settings
  readonly commands: CommandTable
  readonly clients: ClientRegistry
  readonly pubsub: PubSub
  readonly blocking: Blocking
  readonly statistics: Statistics
  readonly scripting: Scripting
  readonly acl: Acl
  readonly eviction: Eviction
  readonly timing: Timing
  readonly monitors: Monitors
  readonly pause: Pause
  readonly tracking: Tracking
  readonly modules: ModuleRegistry
  /** Undefined for a server that is alone. */
  readonly replication: Replication | undefined
  /** There when something may have to be refused because of what this node is at the moment. */
  gate: CommandGate | undefined
  /** Whom it follows by Redis' protocol, if anybody. */
  readonly upstream: Upstream
  /** Who follows this server by Redis' protocol. */
  readonly downstream: Downstream
  /** It holds what another server holds, and decides nothing by itself. */
  readonly isReplica: boolean
  /** What clients want to have in the snapshot that they are to ask for. */
  readonly snapshots: WeakMap<Client, SnapshotRequest>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly startedAt: number
  readonly runId: string
  readonly port: number
  /** Runs a command that was checked before: EXEC and waiting clients come through here. */
  call(client: Client, queued: QueuedCommand): void
  /** A script is over its time: answers the others what may be answered meanwhile. */
  serveWhileBusy(caller: Client): void
  /** Somebody began or ceased to track keys. */
  trackingChanged(): void
  /** A module began to listen to changes. */
  listenersChanged(): void
  /** Work outside of any request is over: commits it, serves who waits for it, and sends. */
  endOfWork(): void
  /** A session of its own within the process. */
  createClient(): InProcessClient
  /** A setting changed that something outside of the commands depends on. */
  settingChanged(name: keyof Settings): void
  /**
   * Changes settings and listens as they then say. Rejects when it cannot: all is as before. What several
   * ask for is made one after the other.
   */
  listenAs(apply: (settings: Settings) => void): Promise<void>
  /** Has it send at the end of this turn, when what changed is written. */
  flushLater(target: Flushable): void
  /** Sends what waits for sending: for work that ends outside of any request. */
  endOfTurn(): void
  /** Resolves when everything changed so far is on disk. */
  save(): Promise<void>
  /** Ends the server; with `save`, everything is on disk first. */
  shutdown(save: boolean): Promise<void>
}
