import {
  type Delivery,
  type EmbeddedHub,
  type EmbeddedTransport,
  embedded,
  isTransportError,
  type Log,
  openEmbeddedHub,
} from '@ashlar/transport'
import { NodeClock } from '../../node/node-clock.ts'
import { SimulatedDisk } from '../../node/simulated-disk.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { Counter } from './counters.ts'
import { type Entry, type Found, LogLedger, untold } from './ledger.ts'
import {
  type EmbeddedEvent,
  type EmbeddedSettings,
  KEYS,
  SPAN_MS,
  SUBJECTS,
  SYNC_INTERVAL_MS,
} from './plan.ts'

const LOG = 'work'
const BUCKET = 'counters'
const LEASES = 'leases'
/** What a sync may take beyond its interval: the disk is slow, and one may be under way. */
const SYNC_SLACK_MS = 300
const ACK_WAIT_MS = 800
/** What the end may take until everything was handled. */
const SETTLE_MS = 30_000
const RETRIES = 10
const FILL = '.'

/** One process: a hub, somebody who writes and somebody who works. */
interface Process {
  readonly clock: NodeClock
  readonly hub: EmbeddedHub
  readonly writer: EmbeddedTransport
  readonly worker: EmbeddedTransport
}

/** One run: the process and its disk, and what it promised. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: EmbeddedSettings
  readonly #disk: SimulatedDisk
  readonly #ledger = new LogLedger()
  readonly #counters = new Map(KEYS.map((key) => [key as string, new Counter(key)]))
  readonly #epochs = new Counter('epoch')
  #process: Process | undefined
  #texts = 0
  #starts = 0
  #faulty = false
  /** A fault since the last opening: syncs may have failed unheard. */
  #harmed = false

  constructor(world: Simulation, settings: EmbeddedSettings, lies: boolean) {
    this.#world = world
    this.#settings = settings
    this.#disk = new SimulatedDisk(world, 'disk', { lies: lies ? /\.log$/ : undefined })
  }

  async start(): Promise<void> {
    await this.#boot()
  }

  async take(event: EmbeddedEvent): Promise<void> {
    const running = this.#process
    switch (event.do) {
      case 'disk-fault':
        this.#faulty = true
        this.#harmed = true
        return this.#disk.misbehave({ fault: event.fault })
      case 'disk-heals':
        this.#heal()
        return this.#harmed && running !== undefined ? await this.#restart(running) : undefined
      case 'kill':
      case 'power-cut':
        return running === undefined
          ? undefined
          : await this.#crash(running, event.do, event.downMs)
      case 'restart':
        return running === undefined ? undefined : await this.#restart(running)
    }
    if (running === undefined) return
    await this.#tolerating(running, () => this.#use(running, event))
  }

  async end(): Promise<void> {
    this.#heal()
    while (this.#process === undefined) await this.#world.sleep(10)
    await this.#restart(this.#process)
    const deadline = this.#now + SETTLE_MS
    while (this.#ledger.unhandled.length > 0 && this.#now < deadline) await this.#world.sleep(50)
    const [missed] = this.#ledger.unhandled
    if (missed !== undefined) throw new Violation('log-unconsumed', `${missed.text} never came`)
    const running = this.#process as Process | undefined
    if (running === undefined) return
    await this.#compare(running)
    await running.hub.close()
  }

  get #now(): number {
    return this.#world.clock.monotonic()
  }

  async #use(running: Process, event: EmbeddedEvent): Promise<void> {
    if (event.do === 'append') await this.#append(running, event)
    else if (event.do === 'put') await this.#put(running, event.key)
    else if (event.do === 'purge') await this.#purge(running, event.what)
    else if (event.do === 'lease') await this.#lease(running)
    else if (event.do === 'compare') await this.#compare(running)
  }

  /** New messages in one turn, behind those with an id of which nobody knows. */
  async #append(
    running: Process,
    { subject, count, bytes, withIds }: Extract<EmbeddedEvent, { do: 'append' }>,
  ): Promise<void> {
    const log = await this.#log(running)
    const again = this.#ledger.open.slice(0, RETRIES)
    const fresh = Array.from({ length: count }, () => {
      this.#texts += 1
      const text = `m${this.#texts}${FILL.repeat(Math.max(0, bytes - 8))}`
      return this.#ledger.add(text, subject, withIds)
    })
    await Promise.all([...again, ...fresh].map((entry) => this.#appendOne(running, log, entry)))
  }

  async #appendOne(running: Process, log: Log, entry: Entry): Promise<void> {
    const messageId = entry.withId ? { messageId: entry.text.slice(0, 64) } : {}
    await this.#tolerating(running, async () => {
      const { sequence } = await log.append(entry.subject, Buffer.from(entry.text), messageId)
      if (running === this.#process) this.#ledger.appended(entry, sequence, this.#now)
    })
  }

  async #put(running: Process, key: string): Promise<void> {
    const counter = this.#counters.get(key) as Counter
    const kv = await running.writer.kv(BUCKET)
    const value = counter.next()
    await kv.put(key, Buffer.from(String(value)))
    if (running === this.#process) counter.told(value, this.#now)
  }

  async #purge(running: Process, what: 'subject' | 'half'): Promise<void> {
    const log = await this.#log(running)
    const { firstSequence, lastSequence } = await log.info()
    if (running !== this.#process) return
    const beforeSequence = Math.max(1, Math.floor((firstSequence + lastSequence) / 2))
    const [, , subject] = SUBJECTS
    const purge =
      what === 'subject'
        ? this.#ledger.purgeSubject(subject)
        : this.#ledger.purgeBefore(beforeSequence)
    await log.purge(what === 'subject' ? { subject } : { beforeSequence })
    if (running === this.#process) purge.toldAtMs = this.#now
  }

  /** A lease of this process, whose epoch is above all before. */
  async #lease(running: Process): Promise<void> {
    const options = { owner: `p${this.#starts}-${this.#now}`, ttlMs: 300, waitMs: 2_000 }
    const lease = await running.writer.lease(LEASES, 'leader', options)
    if (lease === undefined || running !== this.#process) return
    if (lease.epoch <= this.#epochs.highest) {
      throw new Violation('lease-epoch', `${lease.epoch} after ${this.#epochs.highest}`)
    }
    this.#epochs.told(lease.epoch, this.#now)
    await lease.release()
  }

  async #compare(running: Process): Promise<void> {
    const found = await this.#found(running)
    if (running !== this.#process) return
    this.#ledger.compare(found)
    for (const [key, counter] of this.#counters) counter.check(await countOf(running, key))
  }

  async #log({ writer }: Process): Promise<Log> {
    return await writer.log(LOG, { subjects: ['work.>'], dedupWindowMs: 600_000 })
  }

  /** All that the log holds, seen at one moment. */
  async #found(running: Process): Promise<Found[]> {
    const found: Found[] = []
    const log = await this.#log(running)
    for await (const message of log.read()) found.push(foundOf(message))
    return found
  }

  /** Works off the log, for as long as the process lives. */
  async #work(running: Process): Promise<void> {
    const log = await running.worker.log(LOG)
    const options = { durable: 'workers', ackWaitMs: ACK_WAIT_MS, maxInFlight: 8 }
    for await (const delivery of await log.consume(options)) {
      if (running !== this.#process) return
      await this.#handle(running, delivery)
    }
  }

  async #handle(running: Process, delivery: Delivery): Promise<void> {
    const entry = this.#ledger.delivered(foundOf(delivery))
    const ack = untold()
    await delivery.ack()
    if (running !== this.#process) return
    ack.toldAtMs = this.#now
    entry.ack = ack
  }

  async #crash(running: Process, kind: 'kill' | 'power-cut', downMs: number): Promise<void> {
    this.#process = undefined
    running.clock.stop()
    if (kind === 'kill') this.#keepUntil(this.#now)
    else this.#keepWhatIsSynced()
    if (kind === 'kill') this.#disk.kill()
    else this.#disk.powerCut()
    await this.#world.sleep(downMs)
    await this.#boot()
  }

  async #restart(running: Process): Promise<void> {
    // what was told until it is closed is kept by that
    const told = this.#now
    this.#process = undefined
    await running.hub.close().catch((error: unknown) => {
      if (!this.#harmed) throw error
      this.#world.note(`closed badly: ${String(error)}`)
    })
    running.clock.stop()
    this.#disk.kill()
    this.#keepUntil(told)
    await this.#boot()
  }

  #keepWhatIsSynced(): void {
    const { sync } = this.#settings
    if (sync === 'always') this.#keepUntil(this.#now)
    else if (sync === 'interval' && !this.#harmed) {
      this.#keepUntil(this.#now - SYNC_INTERVAL_MS - SYNC_SLACK_MS)
    }
  }

  #keepUntil(atMs: number): void {
    this.#ledger.durableBefore(atMs)
    for (const counter of [...this.#counters.values(), this.#epochs]) counter.durableBefore(atMs)
  }

  async #boot(): Promise<void> {
    const running = await this.#open()
    const found = await this.#found(running)
    this.#ledger.recover(found)
    this.#epochs.crash()
    for (const [key, counter] of this.#counters) {
      counter.crash()
      counter.recovered(await countOf(running, key))
    }
    this.#process = running
    this.#world.note(`up with ${found.length} messages`)
    this.#tolerating(running, () => this.#work(running)).catch((error: unknown) =>
      this.#world.fail(error),
    )
  }

  /** Opens the hub, as soon as the disk lets it. */
  async #open(): Promise<Process> {
    for (;;) {
      this.#starts += 1
      const clock = new NodeClock(this.#world.clock)
      try {
        const { sync } = this.#settings
        const fileSystem = this.#disk.mount()
        this.#harmed = this.#faulty
        const options = { path: '/hub', fileSystem, sync, syncIntervalMs: SYNC_INTERVAL_MS, clock }
        const hub = await openEmbeddedHub(options)
        const random = this.#world.random(`process/${this.#starts}`)
        const connect = (): Promise<EmbeddedTransport> => embedded({ hub, random })
        return { clock, hub, writer: await connect(), worker: await connect() }
      } catch (error) {
        if (!this.#harmed) throw new Violation('opening', String(error), error)
        this.#world.note(`cannot open: ${String(error)}`)
        clock.stop()
        this.#disk.kill()
        await this.#world.sleep(50)
        if (this.#now > SPAN_MS) this.#heal()
      }
    }
  }

  #heal(): void {
    this.#faulty = false
    this.#disk.misbehave(undefined)
  }

  /** What a process that is gone, or whose disk fails, refuses is no finding. */
  async #tolerating(running: Process, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      const gone = running !== this.#process && isTransportError(error)
      const ofTheDisk =
        this.#harmed &&
        (isTransportError(error, 'UNKNOWN_OUTCOME') || isTransportError(error, 'STORAGE_FAILED'))
      if (!gone && !ofTheDisk) throw error
      this.#world.note(`refused: ${(error as Error).message}`)
    }
  }
}

function foundOf(message: Pick<Delivery, 'sequence' | 'subject' | 'payload'>): Found {
  const { sequence, subject, payload } = message
  return { sequence, subject, text: Buffer.from(payload).toString() }
}

async function countOf({ writer }: Process, key: string): Promise<number> {
  const entry = await (await writer.kv(BUCKET)).get(key)
  return entry === undefined ? 0 : Number(Buffer.from(entry.value).toString())
}
