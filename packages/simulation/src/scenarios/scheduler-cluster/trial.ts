import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import {
  ClusterScheduler,
  type HandlerMap,
  isSchedulerError,
  type RunContext,
} from '@ashlar/scheduler-core'
import { isTransportError } from '@ashlar/transport'
import { Broker } from '../../network/broker.ts'
import { SERVER } from '../../network/names.ts'
import { Network } from '../../network/network.ts'
import type { SimulatedTransport } from '../../network/simulated-transport.ts'
import { NodeClock } from '../../node/node-clock.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { type ClusterBreak, trusting, wrapping } from './breaks.ts'
import { isUntouched, type Job, Jobs, STORED_MS } from './jobs.ts'
import {
  type ClusterEvent,
  type ClusterSettings,
  MAX_PARTITIONS,
  NODES,
  type NodeName,
  PARTITIONS,
  TTL_MS,
} from './plan.ts'

/** What the end may take until everything has run. */
const SETTLE_MS = 120_000
/** What calls may come to when the network is cut, or members go. */
const EXPECTED = ['OUTCOME_UNKNOWN', 'PARTITION_UNAVAILABLE', 'SCHEDULER_CLOSED'] as const
const BOOT_RETRY_MS = 200
const PATIENCE_MS = 3_000

interface Process {
  readonly life: number
  readonly clock: NodeClock
  readonly transport: SimulatedTransport
  scheduler: ClusterScheduler<HandlerMap> | undefined
}

/** Three members of one cluster, what they were asked for, and what their handlers saw. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: ClusterSettings
  readonly #network: Network
  readonly #broker: Broker
  readonly #broken: ClusterBreak | undefined
  readonly #jobs = new Jobs()
  readonly #processes = new Map<NodeName, Process>()
  /** When each was cut off last. */
  readonly #cuts = new Map<NodeName, { readonly from: number; until: number | undefined }>()
  /** Who opened a partition last and has not closed it. */
  readonly #owners = new Map<number, NodeName>()
  #lives = 0
  #target = PARTITIONS

  constructor(world: Simulation, settings: ClusterSettings, broken: ClusterBreak | undefined) {
    this.#world = world
    this.#settings = settings
    this.#broken = broken
    this.#network = new Network(world, { maxMs: 10 })
    this.#broker = new Broker(world, this.#network, wrapping(broken))
  }

  async start(): Promise<void> {
    await Promise.all(NODES.map((node) => this.#boot(node)))
  }

  take(event: ClusterEvent): Promise<void> | void {
    const { node } = event
    switch (event.do) {
      case 'cut':
      case 'heal':
        if (event.direction !== 'from') this.#network[event.do](node, SERVER)
        if (event.direction !== 'to') this.#network[event.do](SERVER, node)
        this.#noteReach(node)
        return
      case 'slow':
        this.#network.slow(node, SERVER, event.times)
        this.#network.slow(SERVER, node, event.times)
        return
    }
    const process = this.#processes.get(node)
    if (process?.scheduler === undefined) return
    const { scheduler } = process
    switch (event.do) {
      case 'crash':
        return this.#crash(node, process, event.downMs)
      case 'leave':
        return this.#leave(node, process, event.downMs)
      case 'schedule':
        return this.#tolerating(() => this.#schedule(process, scheduler, event))
      case 'grow':
        return this.#tolerating(() => this.#grow(scheduler, event.by))
      case 'cancel':
        return this.#tolerating(() => this.#cancel(scheduler, event.pick))
    }
  }

  async end(): Promise<void> {
    this.#network.healAll()
    for (const node of NODES) this.#noteReach(node)
    const deadline = this.#world.clock.monotonic() + SETTLE_MS
    await this.#world.sleep(5_000)
    while (this.#jobs.unended.length > 0 && this.#world.clock.monotonic() < deadline) {
      await this.#world.sleep(500)
    }
    const lost = this.#jobs.unended
    if (lost.length > 0) {
      throw new Violation('I1 lost', `never ended: ${lost.map(({ n }) => n).join()}`)
    }
    await this.#grown()
    for (const { transport, clock } of this.#processes.values()) {
      clock.stop()
      transport.kill()
    }
  }

  #noteReach(node: NodeName): void {
    const now = this.#world.clock.monotonic()
    const isCut = !this.#network.isOpen(node, SERVER) || !this.#network.isOpen(SERVER, node)
    const cut = this.#cuts.get(node)
    if (isCut && cut?.until !== undefined) this.#cuts.delete(node)
    if (isCut && !this.#cuts.has(node)) this.#cuts.set(node, { from: now, until: undefined })
    if (!isCut && cut !== undefined) cut.until ??= now
  }

  /** Since when a member may not have stored anything: now, or since the log was out of its reach. */
  #lastReach(node: NodeName): number {
    const now = this.#world.clock.monotonic()
    const cut = this.#cuts.get(node)
    if (cut === undefined || now > (cut.until ?? now) + STORED_MS) return now
    return cut.from
  }

  /** As many partitions as were asked for. */
  async #grown(): Promise<void> {
    const [process] = [...this.#processes.values()].filter(
      ({ scheduler }) => scheduler !== undefined,
    )
    const stop = new AbortController()
    const late = new Violation('I11 growth', `there are not ${this.#target} partitions in the end`)
    void this.#world.sleep(SETTLE_MS).then(() => stop.abort(late))
    await process?.scheduler?.grow(this.#target, { signal: stop.signal })
    stop.abort()
  }

  async #boot(node: NodeName): Promise<void> {
    const clock = new NodeClock(this.#world.clock, { driftPpm: this.#settings.driftPpm[node] })
    const transport = this.#broker.connect(node, { clock, timeoutMs: 400 })
    const process: Process = { life: ++this.#lives, clock, transport, scheduler: undefined }
    this.#processes.set(node, process)
    const store = await Store.open('/copies', { fileSystem: memoryFileSystem(), clock })
    const isUp = (): boolean => this.#processes.get(node) === process
    while (isUp() && process.scheduler === undefined) {
      try {
        process.scheduler = await this.#open(node, process, store)
      } catch (error) {
        if (!isTransportError(error)) throw error
        await this.#world.sleep(BOOT_RETRY_MS)
      }
    }
  }

  #open(node: NodeName, process: Process, store: Store): Promise<ClusterScheduler<HandlerMap>> {
    const { clock, transport, life } = process
    const isUp = (): boolean => this.#processes.get(node)?.life === life
    const run = (payload: { readonly n: number; readonly runMs: number }, context: RunContext) =>
      this.#run(node, isUp, payload, context)
    return ClusterScheduler.open({
      transport: this.#broken === 'unfenced' ? trusting(transport) : transport,
      store,
      clock,
      random: this.#world.random(`scheduler/${life}`),
      handlers: { job: { run } } as HandlerMap,
      partitions: PARTITIONS,
      leaseTtlMs: TTL_MS,
      callTimeoutMs: 5_000,
      compactBytes: this.#settings.compactBytes,
      drainMs: 300,
      maxInterruptions: 1_000,
      events: {
        onPartitionOpened: ({ partition, epoch }) => {
          this.#world.note(`${node} opens ${partition} at ${epoch}`)
          // one that is cut off may notice later that it has lost it: its last ends are not stored
          const before = this.#owners.get(partition)
          if (before !== undefined) this.#jobs.lost(before, this.#lastReach(before), false)
          this.#owners.set(partition, node)
        },
        onPartitionClosed: ({ partition, reason }) => {
          this.#world.note(`${node} closes ${partition}: ${reason}`)
          if (this.#owners.get(partition) === node) this.#owners.delete(partition)
          if (isUp() && reason === 'lost') {
            this.#jobs.lost(node, this.#lastReach(node), false)
          }
        },
        onError: ({ error }) => {
          if (isUp() && !isTransportError(error)) this.#world.fail(error)
        },
      },
    })
  }

  async #run(
    node: NodeName,
    isUp: () => boolean,
    { n, runMs }: { readonly n: number; readonly runMs: number },
    { fence, signal }: RunContext,
  ): Promise<void> {
    if (!isUp()) return await new Promise(() => {})
    const job = this.#jobs.all[n] as Job
    this.#world.note(`${node} runs ${n} with ${fence}`)
    try {
      this.#jobs.started(job, node, fence)
    } catch (violation) {
      this.#world.fail(violation) // thrown in here it would only fail the task
    }
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    if (runMs > 0) await Promise.race([this.#world.sleep(runMs), aborted])
    if (!isUp()) return await new Promise(() => {})
    this.#jobs.ended(job, !signal.aborted, this.#world.clock.monotonic())
    if (signal.aborted) throw new Error('aborted')
  }

  async #schedule(
    { clock }: Process,
    scheduler: ClusterScheduler<HandlerMap>,
    { key, unique, delayMs, runMs }: Extract<ClusterEvent, { do: 'schedule' }>,
  ): Promise<void> {
    const dueAt = clock.now() + delayMs
    const job = this.#jobs.add({ key, unique, dueAt })
    const holders = unique === undefined ? [] : this.#jobs.holders(unique)
    job.vague += 1
    const { id, outcome } = await scheduler.schedule({
      handler: 'job',
      payload: { n: job.n, runMs },
      key,
      dueAt,
      ...(unique !== undefined && { uniqueKey: unique }),
    })
    job.vague -= 1
    this.#world.note(`task ${job.n} is ${outcome}`)
    if (outcome === 'existing') {
      // It may be itself: the first answer was lost, and the call was made again.
      if (job.starts === 0) job.state = 'unmade'
      return
    }
    job.id = id
    job.acked = true
    if (unique === undefined) return
    const still = new Set(this.#jobs.holders(unique))
    const other = holders.find((one) => still.has(one))
    if (other !== undefined) {
      throw new Violation('I8 unique', `${job.n} and ${other.n} both hold ${unique}`)
    }
  }

  async #cancel(scheduler: ClusterScheduler<HandlerMap>, pick: number): Promise<void> {
    const made = this.#jobs.all.filter(({ id }) => id !== '')
    const job = made[pick % Math.max(1, made.length)]
    if (job === undefined) return
    job.vague += 1 // for good, when nobody knows what it came to
    const outcome = await scheduler.cancel(job.id)
    job.vague -= 1
    this.#world.note(`cancelling ${job.n}: ${outcome}`)
    if (outcome === 'cancelled') {
      // one whose end was lost with its partition waits again, and may be cancelled
      const isOver = job.ended && job.starts > job.excused
      if (job.by !== undefined || isOver) {
        throw new Violation('I7 cancel', `${job.n} was cancelled after it had started`)
      }
      job.state = 'cancelled'
    } else if (outcome === 'unknown' && isUntouched(job)) {
      throw new Violation('I1 lost', `${job.n} is not known any more`)
    }
  }

  /** Asks for more; that it goes on when nobody waits is what `end` sees. */
  async #grow(scheduler: ClusterScheduler<HandlerMap>, by: number): Promise<void> {
    const target = Math.min(MAX_PARTITIONS, this.#target + by)
    this.#target = target
    const stop = new AbortController()
    void this.#world.sleep(PATIENCE_MS).then(() => stop.abort(new RangeError('not waited for')))
    await scheduler.grow(target, { signal: stop.signal })
    this.#world.note(`there are ${target} partitions`)
  }

  async #crash(node: NodeName, process: Process, downMs: number): Promise<void> {
    this.#processes.delete(node)
    process.clock.stop()
    process.transport.kill()
    this.#jobs.lost(node, this.#world.clock.monotonic(), true)
    await this.#world.sleep(downMs)
    await this.#boot(node)
  }

  /** An orderly end; the process is killed when that takes too long. */
  async #leave(node: NodeName, process: Process, downMs: number): Promise<void> {
    await Promise.race([process.scheduler?.close(), this.#world.sleep(5_000)])
    if (this.#processes.get(node) === process) await this.#crash(node, process, downMs)
  }

  async #tolerating(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      const expected =
        error instanceof RangeError || // of `grow`: somebody has asked for more
        EXPECTED.some((code) => isSchedulerError(error, code)) ||
        isTransportError(error)
      if (!expected) throw error
      this.#world.note(`refused: ${(error as Error).message}`)
    }
  }
}
