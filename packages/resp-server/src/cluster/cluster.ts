import { createHash } from 'node:crypto'
import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import { findKeys } from '../commands/key-positions.ts'
import type { Database } from '../keyspace/database.ts'
import { allKeys } from '../persistence/key-pages.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { Member, ShardRecord } from '../replication/member.ts'
import type { Replication } from '../replication/replication.ts'
import type { ServerContext } from '../server/context.ts'
import { ClusterBoard } from './cluster-board.ts'
import { keySlot } from './key-slot.ts'
import type { Move } from './slot-map.ts'

const CROSSSLOT = "CROSSSLOT Keys in request don't hash to the same slot"
const NOT_SERVED = 'CLUSTERDOWN Hash slot not served'
const DOWN = 'CLUSTERDOWN The cluster is down'
const TRYAGAIN = 'TRYAGAIN Multiple keys request during rehashing of slot'

/** A node among groups that share the slots: says which commands are for others. */
export class Cluster {
  readonly board: ClusterBoard
  readonly #replication: Replication
  readonly #server: ServerContext

  constructor(replication: Replication, server: ServerContext) {
    const { transport, name } = replication.options
    this.#replication = replication
    this.#server = server
    this.board = new ClusterBoard(transport, `resp-${name}`)
  }

  get group(): string {
    return this.#replication.options.group
  }

  get selfId(): string {
    return this.idOf(this.#replication.options.node)
  }

  start(): void {
    const { logger, clock } = this.#server
    this.board.start(clock, (error) => {
      logger.warn('the cluster is not heard of', { error: String(error) })
    })
  }

  close(): Promise<void> {
    return this.board.close()
  }

  /** 40 hexadecimal digits, as clients expect of a node. */
  idOf(node: string): string {
    const text = `${this.#replication.options.name}/${node}`
    return createHash('sha1').update(text).digest('hex')
  }

  /** Groups with a record, in order of names. */
  get groups(): { readonly group: string; readonly shard: ShardRecord }[] {
    return [...this.board.shards]
      .map(([group, shard]) => ({ group, shard }))
      .sort((a, b) => (a.group < b.group ? -1 : 1))
  }

  /** The group of a node by its id. */
  groupOf(id: string): string | undefined {
    return this.groups.find(({ shard }) =>
      [shard.primary, ...shard.replicas].some(({ node }) => this.idOf(node) === id),
    )?.group
  }

  /** The error to answer when the command is not for this node. */
  refuse(client: Client, command: Command, args: readonly Bytes[]): string | undefined {
    const isAsking = client.isAsking || command.flags.has('asking')
    client.isAsking = false
    const keys = keysOf(client, command, args)
    const [first] = keys
    if (first === undefined) return undefined
    const slot = keySlot(first)
    if (keys.some((key) => keySlot(key) !== slot)) return CROSSSLOT
    return this.#refuseSlot(client, command, slot, keys, isAsking)
  }

  /** Keys of a command in a script must be of a slot that this node has. */
  refuseInScript(command: Command, args: readonly string[]): string | undefined {
    const { slots } = this.board
    for (const { position } of findKeys(command, args) ?? []) {
      if (slots.ownerOf(keySlot(args[position] as string)) === this.group) continue
      return 'ERR Script attempted to access a non local key in a cluster node'
    }
    return undefined
  }

  #refuseSlot(
    client: Client,
    command: Command,
    slot: number,
    keys: readonly string[],
    isAsking: boolean,
  ): string | undefined {
    const { slots } = this.board
    const owner = slots.ownerOf(slot)
    const move = slots.moves.get(slot)
    if (owner === undefined) return NOT_SERVED
    if (owner !== this.group) {
      if (isAsking && move?.to === this.group && this.#replication.isPrimary) {
        const missing = countMissing(client.database, keys)
        return keys.length > 1 && missing > 0 ? TRYAGAIN : undefined
      }
      return this.#moved('MOVED', slot, owner)
    }
    if (!this.#replication.isPrimary) {
      const reads = command.flags.has('readonly') && !command.isWrite
      return client.readsReplicas && reads ? undefined : this.#moved('MOVED', slot, owner)
    }
    // MIGRATE is what makes keys go
    if (move === undefined || command.fullName === 'migrate') return undefined
    return this.#refuseMoving(client, move, keys)
  }

  /** What has gone already is asked for at the other end. */
  #refuseMoving(client: Client, move: Move, keys: readonly string[]): string | undefined {
    const missing = countMissing(client.database, keys)
    if (missing === 0) return undefined
    return missing < keys.length ? TRYAGAIN : this.#moved('ASK', move.slot, move.to)
  }

  #moved(kind: 'MOVED' | 'ASK', slot: number, group: string): string {
    const primary = this.board.shards.get(group)?.primary
    if (primary === undefined || primary.node === this.#replication.options.node) return DOWN
    const { host, port } = primary.address
    return `${kind} ${slot} ${host}:${port}`
  }

  /** Keys in memory or in the store that belong to the slot, at most so many. */
  *keysIn(slot: number, limit: number, isWithinUnit: boolean): Generator<string> {
    const { keyspace, durability } = this.#server
    const [database] = keyspace.databases
    if (database === undefined) return
    let found = 0
    for (const { name } of allKeys(durability, database, isWithinUnit)) {
      if (found >= limit) return
      if (keySlot(name) !== slot) continue
      found += 1
      yield name
    }
  }

  /** All nodes of a group, the primary first. */
  membersOf({ primary, replicas }: ShardRecord): readonly Member[] {
    return [primary, ...replicas]
  }
}

const countMissing = (database: Database, keys: readonly string[]): number =>
  keys.reduce((count, key) => count + (database.has(key) ? 0 : 1), 0)

/** Keys of a request; of EXEC those of the whole transaction. */
function keysOf(client: Client, command: Command, args: readonly Bytes[]): string[] {
  if (command.fullName === 'exec') {
    const queue = client.transaction?.queue ?? []
    return queue.flatMap((queued) => keysOf(client, queued.command, queued.args))
  }
  if (command.definition.keys === undefined) return []
  const texts = args.map(text)
  const keys = (findKeys(command, texts) ?? []).map(({ position }) => texts[position] as string)
  return command.fullName === 'migrate' ? keys.filter((key) => key !== '') : keys
}

const text = (bytes: Bytes): string =>
  typeof bytes === 'string' ? bytes : bytes.toString('latin1')
