import type { Timer } from '@ashlar/codec'
import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import { ReplyError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import type { History } from '../persistence/control.ts'
import { LOADING } from '../replication/gate.ts'
import { WriteWaits } from '../replication/write-waits.ts'
import type { ServerContext } from '../server/context.ts'
import type { Flushable } from '../server/turn.ts'
import { Feed } from './feed.ts'
import { keptWords } from './kept-words.ts'
import type { Replica, ReplicaOptions } from './replica.ts'
import { rewriteOf, type Words } from './rewrite.ts'
import { Roster } from './roster.ts'
import { SnapshotFile } from './snapshot-file.ts'

/** How often replicas are looked after. */
const TICK_MS = 1000
const NO_DATABASE = -1
/** Names of one place in the history, of servers that ended there one after the other. */
const MAX_NAMES = 4

/** What replicas are to run. */
interface Effect {
  readonly database: number
  readonly words: Words
}

/**
 * Those who follow this server by Redis' protocol. What each command did is noted as commands that do
 * the same wherever they run; at the end of a command or transaction these are added to the stream, as
 * one transaction if they are several, and leave when what they tell of is as durable as a reply
 * about it would have to be. Nothing of it costs anything before the first replica comes.
 */
export class Downstream implements Flushable {
  /** Somebody follows, or did so lately: everything that changes is noted. */
  isOn = false
  readonly roster: Roster
  /** Clients that wait for replicas. */
  readonly waits: WriteWaits
  readonly #server: ServerContext
  #current: Feed | undefined
  /** What was told before this server started, up to where its own history begins. */
  #past: History | undefined
  #effects: Effect[] = []
  /** Changes that expiry and eviction made since it is on: see {@link changes}. */
  #foreign = 0
  /** Changes so far that the stream tells of. */
  #covered = 0
  #snapshot: SnapshotFile | undefined
  #hasListener = false
  #pingedAt = 0
  #timer: Timer | undefined
  /** The group's primary whose history this is. */
  #reign: string | undefined
  #willSend = false
  /** Files that are read in at the moment: what is held is part of something. */
  #imports = 0

  constructor(server: ServerContext) {
    this.#server = server
    this.roster = new Roster(server)
    this.waits = new WriteWaits(this)
  }

  get #feed(): Feed {
    this.#current ??= new Feed(this.#server, this.#newId(), 0)
    return this.#current
  }

  get replicas(): ReadonlySet<Replica> {
    return this.roster.all
  }

  /** The name of the history that the stream tells. */
  get id(): string {
    return this.#feed.id
  }

  /** How many bytes the stream has so far. */
  get offset(): number {
    return this.#feed.log.end
  }

  /** Offset of the first byte that is still there for those who come back. */
  get start(): number {
    return this.#feed.log.start
  }

  /** The history of before, which is this one's up to an offset. */
  get past(): History | undefined {
    return this.#past
  }

  /** Those who followed this server when it ended can go on: see {@link end}. */
  resume(): void {
    const { durability, replication, logger } = this.#server
    const { history } = durability
    if (history === undefined || replication !== undefined || this.refusal !== undefined) return
    this.#past = history
    this.#current = new Feed(this.#server, this.#newId(), history.bytes)
    this.#begin()
    logger.info('replicas may go on where they were', { offset: history.bytes })
  }

  of(client: Client): Replica | undefined {
    return this.roster.of(client)
  }

  /** Why nobody can follow this server as it is now. */
  get refusal(): string | undefined {
    const { modules, replication, durability } = this.#server
    if (modules.all.length > 0) {
      return 'ERR a server with modules cannot be followed: others do not know their commands'
    }
    if (replication?.isPrimary === false) {
      return 'NOMASTERLINK this node follows the primary of its group: follow that one instead'
    }
    if (durability.failure !== undefined) return 'ERR the store has failed'
    return this.#imports > 0 ? LOADING : undefined
  }

  /** Until the answer is called nobody can follow, and who did so begins anew then. */
  holdOff(): () => void {
    this.#imports += 1
    this.breakOff('a snapshot is read in')
    return () => {
      this.#imports -= 1
    }
  }

  /** Sends everything as it is now, and then what is done from now on. Answers what PSYNC does. */
  sendAll(client: Client, options: Omit<ReplicaOptions, 'client' | 'position'>): string {
    this.#begin()
    if (this.#snapshot?.isUsed !== true) this.#snapshot = this.#takeSnapshot()
    const snapshot = this.#snapshot
    snapshot.use()
    const replica = this.roster.add({ ...options, client, position: snapshot.offset })
    this.#server.statistics.fullSyncs += 1
    this.#run(replica, () => this.#feed.sendAll(replica, snapshot))
    return `FULLRESYNC ${this.id} ${snapshot.offset}`
  }

  /** Goes on behind so many bytes of a history; false where that is not possible. */
  goOn(client: Client, id: string, position: number, options: GoOnOptions): boolean {
    const { statistics } = this.#server
    const { log } = this.#feed
    const past = this.#past
    const isKnown = id === this.id || (past?.ids.includes(id) === true && position <= past.bytes)
    if (!this.isOn || !isKnown || position < log.start || position > log.end) {
      if (id !== '?') statistics.refusedPartialSyncs += 1
      return false
    }
    statistics.partialSyncs += 1
    const replica = this.roster.add({ ...options, client, position })
    const line = options.knowsIds ? `+CONTINUE ${this.id}\r\n` : '+CONTINUE\r\n'
    this.#run(replica, () => this.#feed.goOn(replica, line))
    return true
  }

  /** A replica is there, whatever it said. */
  heard(client: Client): void {
    const replica = this.roster.of(client)
    if (replica !== undefined) replica.heardAt = this.#server.clock.monotonic()
  }

  /** A replica has run everything up to there. */
  acknowledged(replica: Replica, offset: number): void {
    replica.heardAt = this.#server.clock.monotonic()
    if (offset > replica.acknowledged) replica.acknowledged = offset
    this.waits.check()
  }

  /** Changes so far, but those that are told of already: the difference is what a command made. */
  get changes(): number {
    return this.#server.keyspace.dirty - this.#foreign
  }

  /** A command has run; `before` are the {@link changes} of before it. */
  ran(client: Client, command: Command, args: Words, before: number): void {
    const made = this.changes - before
    const name = command.fullName
    if (name === 'publish' || name === 'spublish') this.tell(client.database, args)
    else if (made !== 0 && (command.isWrite || name === 'pfcount')) {
      this.#covered += made
      // SELECT cannot be among those who change something
      const { database, server } = client
      const rewrite = rewriteOf(name)
      const limits = server.settings
      const sent = rewrite === undefined ? [args] : rewrite({ args, database, limits })
      for (const words of sent) this.tell(database, words)
    }
  }

  /** What has changed since is told of. */
  cover(before: number): void {
    this.#covered += this.changes - before
  }

  /** Replicas run this, for what the command at hand did. */
  tell(database: Database, words: Words): void {
    this.#effects.push({ database: database.index, words: keptWords(words) })
  }

  /** Fields of a hash are gone because their time was up, which made so many changes. */
  readonly fieldsExpired = (
    database: Database,
    key: string,
    fields: readonly string[],
    changes: number,
  ): void => {
    this.#foreign += changes
    this.#covered += changes
    if (fields.length > 0) this.tell(database, ['HDEL', key, ...fields])
  }

  /** A command, transaction or other work has ended: what it did becomes part of the stream. */
  endOfUnit(): void {
    const effects = this.#effects
    if (this.#covered !== this.#server.keyspace.dirty || this.#reignOf() !== this.#reign) {
      this.breakOff('something changed that no command tells of')
      return
    }
    if (effects.length === 0) return
    this.#effects = []
    const feed = this.#feed
    if (effects.length > 1) feed.append(NO_DATABASE, ['MULTI'])
    for (const { database, words } of effects) feed.append(database, words)
    if (effects.length > 1) feed.append(NO_DATABASE, ['EXEC'])
    this.#advanced()
  }

  /** Replicas must begin anew: what they hold cannot be brought to what is here by commands. */
  breakOff(reason: string): void {
    if (!this.isOn) return
    const { logger } = this.#server
    logger.info('replicas begin anew', { reason, replicas: this.replicas.size })
    this.#turnOff()
    this.roster.cutOffAll()
  }

  /** What is written is as safe as replies need it: see {@link Turn}. */
  send(): void {
    this.#willSend = false
    this.#feed.written()
    this.#feed.trim(this.replicas, this.#snapshot?.isUsed ? this.#snapshot.offset : undefined)
    this.roster.cutOffSlow(this.offset)
    this.roster.wake()
  }

  abandon(): void {
    this.#willSend = false
    this.breakOff('the store failed')
  }

  /** More is durable. */
  release(): void {
    if (!this.isOn) return
    if (this.#server.durability.failure !== undefined) this.breakOff('the store failed')
    else if (this.#feed.release()) this.roster.wake()
  }

  countApplied(offset: number): number {
    return this.roster.countApplied(offset)
  }

  /** Everything done so far; replicas are asked how far they are. */
  currentSequence(): number {
    const { offset } = this
    if (this.isOn && this.countApplied(offset) < this.replicas.size) {
      this.#feed.append(NO_DATABASE, ['REPLCONF', 'GETACK', '*'])
      this.#advanced()
    }
    return offset
  }

  /** Replicas get what there is for them, and their connections end. */
  close(): void {
    this.#timer?.cancel()
    if (this.#server.durability.writeOut()) this.#feed.written()
    this.#feed.end()
    this.roster.wake()
  }

  /**
   * What replicas hold that have everything, after which nothing is told any more; undefined when none
   * can go on from it. Whoever starts from the same data can {@link resume}.
   */
  end(): History | undefined {
    if (this.isOn) this.endOfUnit()
    if (!this.isOn || this.#server.replication !== undefined) return undefined
    const { id, offset } = this
    // who has not come back yet knows the place by the name of before
    const others = this.#past?.bytes === offset ? this.#past.ids : []
    return { ids: [id, ...others].slice(0, MAX_NAMES), bytes: offset }
  }

  #newId(): string {
    return Buffer.from(this.#server.random.bytes(20)).toString('hex')
  }

  #reignOf(): string | undefined {
    const { replication } = this.#server
    return replication?.isPrimary === true ? replication.position.timeline.id : undefined
  }

  #begin(): void {
    if (this.isOn) return
    const { keyspace, clock } = this.#server
    this.isOn = true
    this.#foreign = 0
    this.#covered = keyspace.dirty
    this.#reign = this.#reignOf()
    this.#pingedAt = clock.monotonic()
    this.roster.aloneSince = clock.monotonic()
    keyspace.onFieldsExpired = this.fieldsExpired
    if (!this.#hasListener) {
      this.#hasListener = true
      keyspace.events.listen(['expired', 'evicted'], (index, _kind, _event, key) => {
        if (this.isOn) this.#removed(index, key)
      })
    }
    this.#tickLater()
  }

  /** A key has gone without a command. */
  #removed(index: number, key: string): void {
    this.#foreign += 1
    this.#covered += 1
    this.tell(this.#server.keyspace.databases[index] as Database, ['DEL', key])
  }

  #turnOff(): void {
    this.isOn = false
    this.#timer?.cancel()
    this.#effects = []
    this.#snapshot = undefined
    this.#past = undefined
    this.#server.keyspace.onFieldsExpired = undefined
    this.#current = new Feed(this.#server, this.#newId(), this.offset)
  }

  #takeSnapshot(): SnapshotFile {
    this.#feed.selectAnew()
    try {
      return SnapshotFile.take(this.#server, this.offset)
    } catch (error) {
      throw new ReplyError(`ERR a snapshot cannot be written: ${String(error)}`)
    }
  }

  #run(replica: Replica, work: () => Promise<void>): void {
    const { client } = replica
    work()
      .catch((error: unknown) => {
        if (client.isClosing) return
        const { address } = client.transport
        this.#server.logger.warn('a replica is cut off', { address, error: String(error) })
      })
      .finally(() => client.transport.close('now'))
  }

  #advanced(): void {
    if (this.#willSend) return
    this.#willSend = true
    this.#server.flushLater(this)
  }

  #tickLater(): void {
    this.#timer = this.#server.clock.setTimer(() => this.#tick(), TICK_MS)
  }

  #tick(): void {
    const { clock, settings } = this.#server
    const now = clock.monotonic()
    this.endOfUnit()
    const { replBacklogTtlSeconds: ttl, replPingPeriodSeconds } = settings
    const since = this.roster.aloneSince
    if (since !== undefined && ttl > 0 && now - since >= ttl * 1000) this.#turnOff()
    if (!this.isOn) return
    this.roster.cutOffSilent()
    this.roster.wake()
    if (this.replicas.size > 0 && now - this.#pingedAt >= replPingPeriodSeconds * 1000) {
      this.#pingedAt = now
      this.#feed.append(NO_DATABASE, ['PING'])
      this.#advanced()
    } else this.roster.cutOffSlow(this.offset)
    this.#server.endOfTurn()
    this.#tickLater()
  }
}

export interface GoOnOptions extends Omit<ReplicaOptions, 'client' | 'position'> {
  /** Understands under which name its history goes on. */
  readonly knowsIds: boolean
}
