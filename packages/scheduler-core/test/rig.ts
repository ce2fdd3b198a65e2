// A scheduler on a virtual clock and a disk in memory, that can crash and come back.
import { seededRandom, VirtualClock } from '@ashlar/codec'
import { type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { type HandlerMap, Scheduler, type SchedulerOptions } from '@ashlar/scheduler-core'
import { onTestFinished } from 'vitest'

export const START = Date.UTC(2026, 0, 1)

export type RigOptions<H extends HandlerMap> = Omit<SchedulerOptions<H>, 'path' | 'store' | 'clock'>

export class Rig<H extends HandlerMap> {
  readonly disk: MemoryFileSystem
  clock: VirtualClock
  store: Store
  scheduler: Scheduler<H>
  readonly errors: unknown[] = []
  #options: RigOptions<H>

  static async open<H extends HandlerMap>(options: RigOptions<H>): Promise<Rig<H>> {
    const disk = memoryFileSystem()
    const clock = new VirtualClock({ startMs: START })
    const store = await Store.open('/s', { fileSystem: disk, clock })
    const rig = new Rig<H>(disk, clock, store, options)
    await rig.start()
    onTestFinished(() => rig.end())
    return rig
  }

  private constructor(
    disk: MemoryFileSystem,
    clock: VirtualClock,
    store: Store,
    options: RigOptions<H>,
  ) {
    this.disk = disk
    this.clock = clock
    this.store = store
    this.#options = options
    this.scheduler = undefined as never // start() follows
  }

  /** Opens a scheduler on the open store. */
  async start(changed: Partial<RigOptions<H>> = {}): Promise<void> {
    this.#options = { ...this.#options, ...changed }
    const { events } = this.#options
    this.scheduler = await Scheduler.open<H>({
      random: seededRandom(1),
      ...this.#options,
      store: this.store,
      clock: this.clock,
      events: { ...events, onError: (info) => this.#onError(info) },
    })
  }

  #onError(info: { readonly error: unknown; readonly where: string }): void {
    this.errors.push(info.error)
    this.#options.events?.onError?.(info)
  }

  /** Time goes by, and what it started ends. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms)
    for (let turn = 0; turn < 20; turn++) await nextTurn()
  }

  /** Waits for something while time goes by: a store that has much to do holds writers back for a time. */
  async through<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const waited = promise.finally(() => {
      settled = true
    })
    for (let turn = 1; !settled; turn++) {
      await nextTurn()
      if (turn % 20 === 0) await this.clock.advance(1)
    }
    return await waited
  }

  /** The process is killed: what was written stays. Handlers of the old one get no more time. */
  async kill(changed: Partial<RigOptions<H>> = {}): Promise<void> {
    await this.store.sync()
    this.disk.powerCut()
    this.clock = new VirtualClock({ startMs: this.clock.now() })
    const { disk, clock } = this
    this.store = await Store.open('/s', { fileSystem: disk, clock })
    await this.start(changed)
  }

  /** An orderly end and a new process. */
  async reopen(changed: Partial<RigOptions<H>> = {}): Promise<void> {
    await this.close()
    await this.store.close()
    const { disk, clock } = this
    this.store = await Store.open('/s', { fileSystem: disk, clock })
    await this.start(changed)
  }

  /** Closes the scheduler, and gives hanging runs the time to be given up. */
  async close(drainMs = 0): Promise<void> {
    let closed = false
    const closing = this.scheduler.close({ drainMs }).finally(() => {
      closed = true
    })
    for (let turn = 0; !closed; turn++) {
      await nextTurn()
      if (turn > 20) await this.clock.advance(1_000)
    }
    await closing
  }

  async end(): Promise<void> {
    await this.close()
    await this.store.close().catch(() => {})
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Notes what ran, in order: `name` at the time since START. */
export class Diary {
  readonly lines: string[] = []

  note(line: string): void {
    this.lines.push(line)
  }

  /** What was noted since the last look. */
  take(): string[] {
    return this.lines.splice(0)
  }
}

/** A promise that the test settles. */
export class Gate {
  readonly opened: Promise<void>
  readonly open: () => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.opened = promise
    this.open = resolve
  }
}
