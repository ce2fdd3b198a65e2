import {
  type ChangeOperation,
  isStoreError,
  Store,
  type StoreOptions,
  type SyncMode,
} from '@ashlar/lsm-store'
import type { Fault } from '@ashlar/lsm-store/testing'
import { NodeClock } from '../node/node-clock.ts'
import { SimulatedDisk } from '../node/simulated-disk.ts'
import { playEvents } from '../scenario/play-events.ts'
import { defineScenario, drawEvents, type Scenario } from '../scenario/scenario.ts'
import type { Dice } from '../world/dice.ts'
import type { Simulation } from '../world/simulation.ts'
import { Violation } from '../world/violation.ts'
import { StoreHistory, type StoreOp } from './store-history.ts'

interface Settings {
  readonly sync: SyncMode
  readonly memtableBytes: number
  readonly tableBytes: number
  readonly levelBytes: number
  readonly blockCacheBytes: number
  readonly changeRetentionBytes: number
}

type Event = { readonly atMs: number } & (
  | { readonly do: 'write'; readonly operations: readonly StoreOp[]; readonly always: boolean }
  | { readonly do: 'compare' | 'sync' | 'flush' | 'compact' | 'changes' | 'reopen' }
  | { readonly do: 'kill' | 'power-cut'; readonly downMs: number }
  | { readonly do: 'disk-fault'; readonly fault: Fault; readonly share: number }
  | { readonly do: 'disk-heals' }
)

const SPAN_MS = 6_000
const SYNC_INTERVAL_MS = 200
/** What a sync may take beyond its interval: the disk is slow, and one may be under way. */
const SYNC_SLACK_MS = 300

/** `lying-disk`: the log is acknowledged as synced and is not. */
export const LSM_STORE_BREAKS = ['lying-disk'] as const

/** One store against the naive history of what it was told, with power cuts, kills and disk faults. */
export function lsmStoreScenario(broken?: (typeof LSM_STORE_BREAKS)[number]): Scenario {
  return defineScenario<Settings, Event>({
    name: 'lsm-store',
    plan: (dice) => ({
      settings: drawSettings(dice),
      events: drawEvents(dice, dice.int(30, 160), SPAN_MS, (atMs) => drawEvent(dice, atMs)),
    }),
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken === 'lying-disk' ? /\.log$/ : undefined)
      await trial.open()
      await playEvents(world, events, (event) => trial.take(event))
      await world.sleep(1_000)
      await trial.end()
    },
  })
}

function drawSettings(dice: Dice): Settings {
  return {
    sync: dice.pick(['always', 'interval', 'none']),
    memtableBytes: dice.pick([1024, 2048, 8192]),
    tableBytes: dice.pick([1024, 4096]),
    levelBytes: dice.pick([2048, 16_384]),
    blockCacheBytes: dice.pick([0, 1 << 20]),
    changeRetentionBytes: dice.pick([0, 4096, 1 << 20]),
  }
}

function drawEvent(dice: Dice, atMs: number): Event {
  const kind = dice.weighted({
    write: 40,
    compare: 6,
    sync: 3,
    flush: 3,
    compact: 2,
    changes: 3,
    reopen: 1,
    kill: 1,
    'power-cut': 2,
    'disk-fault': 1,
    'disk-heals': 1,
  })
  if (kind === 'write') {
    const operations = Array.from({ length: dice.int(1, 6) }, () => drawOp(dice))
    return { atMs, do: kind, operations, always: dice.chance(0.3) }
  }
  if (kind === 'kill' || kind === 'power-cut') return { atMs, do: kind, downMs: dice.int(0, 200) }
  if (kind === 'disk-fault') {
    const fault = dice.pick(['EIO', 'ENOSPC', 'short'] as const)
    return { atMs, do: kind, fault, share: dice.pick([0.1, 1]) }
  }
  return { atMs, do: kind }
}

function drawOp(dice: Dice): StoreOp {
  const key = `k${String(dice.int(0, 60)).padStart(3, '0')}`
  if (dice.chance(0.25)) return { key, value: undefined }
  return { key, value: dice.pick(['v', 'w']).repeat(dice.chance(0.1) ? dice.int(500, 3000) : 20) }
}

class Trial {
  readonly #world: Simulation
  readonly #settings: Settings
  readonly #disk: SimulatedDisk
  readonly #history = new StoreHistory()
  #clock: NodeClock
  #store: Store | undefined
  #faulty = false
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
    const { memtableBytes, tableBytes, levelBytes, ...settings } = this.#settings
    const options: StoreOptions = {
      ...settings,
      memtableBytes,
      syncIntervalMs: SYNC_INTERVAL_MS,
      tables: { tableBytes, levelBytes, blockBytes: 256, levelZeroTables: 2 },
      fileSystem: this.#disk.mount(),
      clock: this.#clock,
    }
    this.#store = await Store.open('/store', options)
    this.#harmed = this.#faulty
  }

  async #use(store: Store, event: Event): Promise<void> {
    const reached = store.lastSequence
    if (event.do === 'write') await this.#write(store, event.operations, event.always)
    else if (event.do === 'compare') this.#compare(store)
    else if (event.do === 'sync') {
      await store.sync()
      if (store === this.#store) this.#history.synced(reached)
    } else if (event.do === 'flush') await store.flush()
    else if (event.do === 'compact') await store.compact()
    else if (event.do === 'changes') await this.#compareChanges(store)
    else if (event.do === 'reopen') await this.#reopen()
  }

  async #write(store: Store, operations: readonly StoreOp[], always: boolean): Promise<void> {
    const before = store.lastSequence
    const mode = always ? 'always' : this.#settings.sync
    const done = store.write(
      operations.map(({ key, value }) =>
        value === undefined ? { type: 'delete', key } : { type: 'put', key, value },
      ),
      always ? { sync: 'always' } : {},
    )
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

  #compare(store: Store): void {
    const { content } = this.#history
    const found = [...entriesOf(store)]
    const expected = [...content].sort(([a], [b]) => (a < b ? -1 : 1))
    const wrong = found.findIndex(([key, value], index) => {
      const [k, v] = expected[index] ?? []
      return key !== k || value !== v
    })
    if (wrong !== -1 || found.length !== expected.length) {
      const at = wrong === -1 ? found.length : wrong
      const [is, must] = [found[at], expected[at]].map((entry) => JSON.stringify(entry))
      throw new Violation('content', `entry ${at} is ${is}, not ${must}`)
    }
    for (const [key, value] of expected) {
      const bytes = store.getSync(key)
      if (bytes === undefined || Buffer.from(bytes).toString() !== value) {
        throw new Violation('content', `get ${key} differs from the scan`)
      }
    }
  }

  /** The change feed tells of each batch that it says it reaches back to, once and in order. */
  async #compareChanges(store: Store): Promise<void> {
    const since = store.oldestChange
    const acknowledged = this.#history.acknowledged
    const found: [number, StoreOp[]][] = []
    try {
      for await (const { sequence, operations } of store.changes({ since })) {
        found.push([sequence, operations.map(toStoreOp)])
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
    const expected = this.#history.between(since, Math.max(last, acknowledged))
    const [is, must] = [JSON.stringify(found), JSON.stringify(expected)]
    if (is === must) return
    throw new Violation('changes', `since ${since}: ${is.slice(0, 300)} for ${must.slice(0, 300)}`)
  }

  async #crash(kind: 'kill' | 'power-cut', downMs: number): Promise<void> {
    this.#store = undefined
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

function toStoreOp(operation: ChangeOperation): StoreOp {
  if (operation.type === 'deleteRange') throw new Error('the scenario deletes no ranges')
  const value = operation.type === 'put' ? Buffer.from(operation.value).toString() : undefined
  return { key: Buffer.from(operation.key).toString(), value }
}

function* entriesOf(store: Store): Generator<[string, string]> {
  const iterator = store.iterator()
  try {
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      yield [Buffer.from(entry[0]).toString(), Buffer.from(entry[1]).toString()]
    }
  } finally {
    iterator.close()
  }
}
