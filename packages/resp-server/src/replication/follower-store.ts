import { RespServerError } from '../errors.ts'
import { KEY, LONG_KEY } from '../persistence/layout.ts'
import type { Persistence } from '../persistence/persistence.ts'
import type { Block, SentChange } from './block.ts'
import type { FollowerMemory } from './follower-memory.ts'
import {
  encodeState,
  NO_TIMELINE,
  type Position,
  positionOf,
  REPLICATION_KEY,
  type ReplicationState,
  readState,
  type Timeline,
} from './replication-state.ts'

/**
 * Writes what the primary sends, each of its commits as one batch together with the place in its
 * timeline: whatever happens, the store holds a prefix of the primary's history and knows which.
 */
export class FollowerStore {
  readonly #persistence: Persistence
  readonly #memory: FollowerMemory
  #state: ReplicationState
  /** Whether what comes names the keys that it changes; undefined before anything comes. */
  #isNamed: boolean | undefined
  /** Modules want to know what went by without names. */
  needsSnapshot = false

  constructor(persistence: Persistence, memory: FollowerMemory) {
    this.#persistence = persistence
    this.#memory = memory
    this.#state = readState(persistence.store)
  }

  get position(): Position {
    return positionOf(this.#state, this.#persistence.store)
  }

  /** False while a snapshot is coming: there is nothing to serve or to go on from. */
  get isComplete(): boolean {
    return this.#state.isComplete
  }

  /**
   * A store that was the primary's stops growing by itself: from here on its place in its timeline
   * is what it was.
   */
  async settle(): Promise<void> {
    if (this.#state.sequence !== undefined) return
    this.#state = { ...this.#state, sequence: this.#persistence.store.lastSequence }
    await this.#write([])
  }

  /** What comes from here on names its keys, or does not. */
  open(isNamed: boolean): void {
    this.#isNamed = isNamed
  }

  /** A first module listens to changed keys: what came without names it has not heard of. */
  needNames(): void {
    this.needsSnapshot ||= this.#isNamed === false
  }

  /**
   * Everything that is here goes: a snapshot follows. Throws REPLICATION_INVALID instead when it is
   * what this server took in while it was alone: nobody else has that.
   */
  async beginSnapshot(): Promise<void> {
    if (this.#state.timeline.epoch === 0 && this.#state.isComplete && this.#holdsKeys()) {
      const message =
        'this server holds keys of its own, which a snapshot would remove: empty it first'
      throw new RespServerError('REPLICATION_INVALID', message)
    }
    this.#state = {
      timeline: NO_TIMELINE,
      sequence: 0,
      isOwn: false,
      ancestor: undefined,
      isComplete: false,
    }
    this.needsSnapshot = false
    const batch = this.#persistence.store.batch().deleteRange({})
    batch.put(REPLICATION_KEY, encodeState(this.#state))
    const written = this.#persistence.write(batch)
    this.#memory.reset(this.#persistence.reopen())
    await written
  }

  /** Resolves when the block is as safe as a write of this server would be. */
  async apply(timeline: Timeline, { kind, changes }: Block): Promise<void> {
    if (kind === 'entries') {
      for (const { operations } of changes) await this.#write(operations)
    } else if (kind === 'end') {
      this.#moveTo(timeline, changes[0]?.sequence ?? 0)
      const written = this.#write([])
      this.#memory.replace(this.#persistence.reopen())
      await written
    } else await this.#applyChanges(timeline, changes)
  }

  async #applyChanges(timeline: Timeline, changes: readonly SentChange[]): Promise<void> {
    const writes: Promise<number>[] = []
    for (const { sequence, operations } of changes) {
      this.#memory.prepare(operations)
      this.#moveTo(timeline, sequence)
      writes.push(this.#write(operations))
      this.#memory.apply(operations)
    }
    await Promise.all(writes)
  }

  #holdsKeys(): boolean {
    return [KEY, LONG_KEY].some((kind) => {
      const iterator = this.#persistence.store.iterator({ prefix: Buffer.of(kind), limit: 1 })
      const entry = iterator.nextSync()
      iterator.close()
      return entry !== undefined
    })
  }

  #moveTo(timeline: Timeline, sequence: number): void {
    const namedSince = this.#isNamed
      ? (this.#state.namedSince ?? this.#persistence.store.lastSequence)
      : undefined
    const ancestor = undefined
    this.#state = { timeline, sequence, isOwn: false, ancestor, isComplete: true, namedSince }
  }

  #write(operations: SentChange['operations']): Promise<number> {
    const batch = this.#persistence.store.batch()
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value)
      else if (operation.type === 'delete') batch.delete(operation.key)
      else batch.deleteRange({ gte: operation.gte, ...(operation.lt && { lt: operation.lt }) })
    }
    batch.put(REPLICATION_KEY, encodeState(this.#state))
    return this.#persistence.write(batch)
  }
}
