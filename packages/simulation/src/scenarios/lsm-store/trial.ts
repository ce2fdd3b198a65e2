import {
  isStoreError,
  type Keyspace,
  Store,
  type StoreOptions,
  type SyncMode,
} from '@ashlar/lsm-store'
import { NodeClock } from '../../node/node-clock.ts'
import { SimulatedDisk } from '../../node/simulated-disk.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { type Event, type Settings, SPAN_MS, SYNC_INTERVAL_MS, SYNC_SLACK_MS } from './plan.ts'
import { StoreHistory } from './store-history.ts'
import { describeOp, fromChange, MERGE, SPACES, type StoreOp, toOperation } from './store-ops.ts'

/** An ingest under way. */
interface Ingesting {
  readonly op: StoreOp
  /** Set once the store has taken it. */
  acknowledge?: (durable: boolean) => void
}

/** One run: the store, and the history of what it was told. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: Settings
  readonly #disk: SimulatedDisk
  readonly #history = new StoreHistory()
  #clock: NodeClock
  #store: Store | undefined
  #side: Keyspace | undefined
  #faulty = false
  #ingesting: Ingesting | undefined
  /** A fault since the last opening: syncs may have failed unheard. */
  #harmed = false

  constructor(world: Simulation, settings: Settings, lies: RegExp | undefined) {
    this.#world = world
    this.#settings = settings
    this.#disk = new SimulatedDisk(world, 'store', { lies })
    this.#clock = new NodeClock(world.clock)
  }

  async take(event: Event): Promise<void> {
    const { do: kind } = event
    if (kind === 'disk-fault') {
      this.#faulty = true
      this.#harmed = true
      this.#disk.misbehave({ fault: event.fault, share: event.share })
    } else if (kind === 'disk-heals') {
      this.#faulty = false
      this.#disk.misbehave(undefined)
      if (this.#store?.state === 'poisoned') await this.#reopen()
    } else if (kind === 'kill' || kind === 'power-cut') {
      if (this.#store !== undefined) await this.#crash(kind, event.downMs)
    } else if (this.#store?.state === 'open') {
      const store = this.#store
      await this.#tolerating(store, () => this.#use(store, event))
    }
  }

  async end(): Promise<void> {
    this.#disk.misbehave(undefined)
    this.#faulty = false
    while (this.#store === undefined) await this.#world.sleep(10)
    await this.#reopen()
    const store = this.#store
    if (store !== undefined) await this.#tolerating(store, () => store.close())
  }

  async open(): Promise<void> {
    this.#clock = new NodeClock(this.#world.clock)
    const { tableBytes, levelBytes, largeValueBytes, sidePolicy, ...settings } = this.#settings
    const sizes = { tableBytes, levelBytes, largeValueBytes }
    const options: StoreOptions = {
      ...settings,
      syncIntervalMs: SYNC_INTERVAL_MS,
      tables: { ...sizes, blockBytes: 256, levelZeroTables: 2, compactionThreads: 3 },
      fileSystem: this.#disk.mount(),
      events: {
        onIngest: () => {
          if (this.#ingesting !== undefined) this.#ingested(this.#ingesting)
        },
      },
      clock: this.#clock,
    }
    const store = await Store.open('/store', options)
    this.#side = await store.keyspace(SPACES[1], { merge: MERGE, policy: { kind: sidePolicy } })
    this.#store = store
    this.#harmed = this.#faulty
  }

  async #use(store: Store, event: Event): Promise<void> {
    const reached = store.lastSequence
    if (event.do === 'write') await this.#write(store, event.operations, event.always)
    else if (event.do === 'put-if') await this.#putIf(store, event)
    else if (event.do === 'transaction') await this.#transact(store, event.keys, event.thinkMs)
    else if (event.do === 'ingest') await this.#ingest(store, event)
    else if (event.do === 'compare') this.#compare(store)
    else if (event.do === 'sync') {
      await store.sync()
      if (store === this.#store) this.#history.synced(reached)
    } else if (event.do === 'flush') await store.flush()
    else if (event.do === 'compact') await store.compact()
    else if (event.do === 'changes') await this.#compareChanges(store)
    else if (event.do === 'reopen') await this.#reopen()
  }

  async #write(store: Store, drawn: readonly StoreOp[], always: boolean): Promise<void> {
    const operations = drawn.map((op) => this.#dated(op))
    const side = this.#side as Keyspace
    const batch = operations.map((op) => toOperation(op, side))
    const mode = always ? 'always' : this.#settings.sync
    await this.#take(store, operations, mode, () =>
      store.write(batch, always ? { sync: 'always' } : {}),
    )
  }

  /** With the moment at which it ends. */
  #dated(op: StoreOp): StoreOp {
    if (op.type !== 'put' || op.ttlMs === undefined) return op
    return { ...op, expiresAt: this.#clock.now() + op.ttlMs }
  }

  /** Notes what the store takes in this call, and what it acknowledges in the end. */
  async #take(
    store: Store,
    operations: readonly StoreOp[],
    mode: SyncMode,
    write: () => Promise<unknown>,
  ): Promise<void> {
    const before = store.lastSequence
    const done = write()
    const taken = store.lastSequence === before + operations.length
    const acknowledge = taken
      ? this.#history.add(operations, this.#world.clock.monotonic())
      : undefined
    try {
      await done
    } catch (error) {
      // There was no space: the store forgets it whole, and goes on when there is.
      const undone = isStoreError(error, 'STORE_FULL') && store.state !== 'poisoned'
      if (undone && store === this.#store) this.#history.undoTo(store.lastSequence)
      throw error
    }
    if (acknowledge === undefined) throw new Violation('acceptance', 'a write was not counted')
    acknowledge(mode === 'always')
    this.#world.note(`acknowledged ${before + operations.length} (${mode})`)
  }

  /** One at a time. Others write while its tables are made: the store says when it takes it. */
  async #ingest(store: Store, event: Extract<Event, { do: 'ingest' }>): Promise<void> {
    if (this.#ingesting !== undefined) return
    const { space, value, always } = event
    const keys = [...new Set(event.keys)].sort()
    const [key = '', to = ''] = [keys[0], keys.at(-1)]
    const ingesting: Ingesting = { op: { type: 'ingest', space, key, to, keys, value } }
    this.#ingesting = ingesting
    const reader = space === '' ? store : (this.#side as Keyspace)
    const entries = keys.map((one) => [one, value] as const)
    try {
      await reader.ingest(entries, always ? { sync: 'always' } : {})
    } catch (error) {
      // what failed may stand in the log all the same
      const unsure = store === this.#store && store.state === 'poisoned'
      if (unsure && ingesting.acknowledge === undefined) this.#ingested(ingesting)
      throw error
    } finally {
      if (this.#ingesting === ingesting) this.#ingesting = undefined
    }
    if (store !== this.#store) return
    if (ingesting.acknowledge === undefined)
      throw new Violation('acceptance', 'an ingest unheard of')
    ingesting.acknowledge(always || this.#settings.sync === 'always')
  }

  #ingested(ingesting: Ingesting): void {
    ingesting.acknowledge = this.#history.add([ingesting.op], this.#world.clock.monotonic())
  }

  /** Is done exactly when the model says that the condition holds. */
  async #putIf(store: Store, { key, value, by }: Extract<Event, { do: 'put-if' }>): Promise<void> {
    const version = this.#history.content.get(`/${key}`)?.version
    const asked = (version ?? 1) - (by === 'old-version' ? 1 : 0)
    const condition = by === 'absence' ? ({ ifAbsent: true } as const) : { ifVersion: asked }
    const expected = by === 'absence' ? version === undefined : asked === version
    const operations: StoreOp[] = [{ type: 'put', space: '', key, value }]
    const before = store.lastSequence
    const write = store.putIf(key, value, condition)
    if (write.applied !== expected && store.state === 'open') {
      // a store that has no space takes nothing, and says so by `done`
      await write.done
      throw new Violation('condition', `${key} at ${version}: applied is ${write.applied}`)
    }
    if (!write.applied) return await write.done
    if (store.lastSequence !== before + 1) throw new Violation('condition', 'applied, not counted')
    const acknowledge = this.#history.add(operations, this.#world.clock.monotonic())
    try {
      await write.done
    } catch (error) {
      const undone = isStoreError(error, 'STORE_FULL') && store.state !== 'poisoned'
      if (undone && store === this.#store) this.#history.undoTo(store.lastSequence)
      throw error
    }
    acknowledge(this.#settings.sync === 'always')
  }

  /** Reads some keys, thinks, and appends to each: done only if nobody has changed them meanwhile. */
  async #transact(store: Store, keys: readonly string[], thinkMs: number): Promise<void> {
    using tx = store.begin()
    const since = tx.sequence
    const operations = [...new Set(keys)].map((key): StoreOp => {
      const found = tx.get(key)
      const expected = this.#history.content.get(`/${key}`)?.value
      const text = found === undefined ? undefined : Buffer.from(found).toString()
      if (text !== expected) throw new Violation('transaction', `${key} is read as ${text}`)
      return { type: 'put', space: '', key, value: `${(text ?? '').slice(0, 40)}+` }
    })
    for (const op of operations) if (op.type === 'put') tx.put(op.key, op.value)
    await this.#world.sleep(thinkMs)
    if (store !== this.#store) return
    try {
      await this.#take(store, operations, this.#settings.sync, () => {
        const changed = operations.find((op) => this.#history.hasChanged('', op.key, since))
        const before = store.lastSequence
        const committed = tx.commit()
        if (changed !== undefined && store.lastSequence !== before) {
          throw new Violation('transaction', `${changed.key} had changed, and it was committed`)
        }
        return committed
      })
    } catch (error) {
      if (!isStoreError(error, 'TRANSACTION_CONFLICT')) throw error
    }
  }

  #compare(store: Store): void {
    const now = this.#clock.now()
    const content = [...this.#history.content].filter(([, { expiresAt }]) => expiresAt > now)
    for (const space of SPACES) {
      const reader = space === '' ? store : (this.#side as Keyspace)
      const prefix = `${space}/`
      const expected = content
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { value, version }]) => ({ key: name.slice(prefix.length), value, version }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
      compareScan(prefix, [...entriesOf(reader)], expected)
      for (const { key, value, version } of expected) {
        const entry = reader.entry(key)
        const found = entry === undefined ? undefined : Buffer.from(entry.value).toString()
        if (found !== value) throw new Violation('content', `get ${key} differs from the scan`)
        // how operands are folded decides about the version of what they make
        if (key.startsWith('m') || entry?.version === version) continue
        throw new Violation('content', `${key} has version ${entry?.version}, not ${version}`)
      }
    }
  }

  /** The change feed tells of each batch that it says it reaches back to, once and in order. */
  async #compareChanges(store: Store): Promise<void> {
    const since = store.oldestChange
    const acknowledged = this.#history.acknowledged
    const found: [number, string[]][] = []
    try {
      for await (const { sequence, operations } of store.changes({ since, keyspaces: true })) {
        found.push([sequence, operations.map((change) => describeOp(fromChange(change)))])
      }
    } catch (error) {
      if (!isStoreError(error, 'CHANGES_TRUNCATED')) throw error
      // logs were trimmed meanwhile, or a gap was found where a power cut undid their removal
      if (store.oldestChange > since) return await this.#compareChanges(store)
      throw error
    }
    // a store that was replaced meanwhile tells of nothing
    if (store !== this.#store) return
    const last = found.at(-1)?.[0] ?? since
    const expected = this.#history
      .between(since, Math.max(last, acknowledged))
      .map(([sequence, operations]) => [sequence, operations.map(describeOp)])
    const [is, must] = [JSON.stringify(found), JSON.stringify(expected)]
    if (is === must) return
    throw new Violation('changes', `since ${since}: ${is.slice(0, 300)} for ${must.slice(0, 300)}`)
  }

  async #crash(kind: 'kill' | 'power-cut', downMs: number): Promise<void> {
    this.#store = undefined
    this.#ingesting = undefined
    this.#clock.stop()
    const { sync } = this.#settings
    if (sync === 'interval' && !this.#harmed) {
      const { clock } = this.#world
      this.#history.syncedBefore(clock.monotonic() - SYNC_INTERVAL_MS - SYNC_SLACK_MS)
    }
    if (kind === 'kill') this.#disk.kill()
    else this.#disk.powerCut()
    await this.#world.sleep(downMs)
    await this.#openAndCheck(kind === 'kill' ? 'kill' : 'power')
  }

  /** An orderly end, or one of a poisoned store, and a new beginning. */
  async #reopen(): Promise<void> {
    const store = this.#store
    if (store === undefined) return
    this.#store = undefined
    await this.#tolerating(store, () => store.close())
    this.#disk.kill()
    await this.#openAndCheck('kill')
  }

  async #openAndCheck(because: 'kill' | 'power'): Promise<void> {
    for (;;) {
      try {
        await this.open()
        break
      } catch (error) {
        if (!this.#isOfTheDisk(error)) throw new Violation('opening', String(error), error)
        this.#world.note(`cannot open: ${(error as Error).message}`)
        this.#disk.kill()
        await this.#world.sleep(50)
        if (this.#faulty && this.#world.clock.monotonic() > SPAN_MS) this.#disk.misbehave(undefined)
      }
    }
    const store = this.#store as Store
    this.#world.note(`opened at ${store.lastSequence} of ${this.#history.lastSequence}`)
    this.#history.cutTo(store.lastSequence, because)
    this.#compare(store)
    await this.#tolerating(store, () => this.#compareChanges(store))
  }

  /** Errors of a disk that was told to fail, and of a store that is gone, are no findings. */
  async #tolerating(store: Store, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      const gone = isStoreError(error) && store !== this.#store
      const known = gone || isStoreError(error, 'STORE_BUSY') || this.#isOfTheDisk(error)
      if (!known) throw error
      this.#world.note(`refused: ${(error as Error).message}`)
    }
  }

  #isOfTheDisk(error: unknown): boolean {
    if (!this.#harmed && !this.#faulty) return false
    return ['STORE_IO', 'STORE_FULL', 'STORE_POISONED'].some(
      (code) => isStoreError(error) && error.code === code,
    )
  }
}

function compareScan(
  prefix: string,
  found: readonly (readonly [string, string])[],
  expected: readonly { readonly key: string; readonly value: string }[],
): void {
  const wrong = found.findIndex(([key, value], index) => {
    const { key: k, value: v } = expected[index] ?? {}
    return key !== k || value !== v
  })
  if (wrong === -1 && found.length === expected.length) return
  const at = wrong === -1 ? found.length : wrong
  const [is, must] = [found[at], expected[at]].map((entry) => JSON.stringify(entry))
  throw new Violation('content', `entry ${at} of ${prefix} is ${is}, not ${must}`)
}

function* entriesOf(store: Keyspace): Generator<[string, string]> {
  const iterator = store.iterator()
  try {
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      yield [Buffer.from(entry[0]).toString(), Buffer.from(entry[1]).toString()]
    }
  } finally {
    iterator.close()
  }
}
