import { Store } from '@ashlar/lsm-store'
import { createServer, type InProcessClient, type RespServer } from '@ashlar/resp-server'
import { NodeClock } from '../../node/node-clock.ts'
import { SimulatedDisk } from '../../node/simulated-disk.ts'
import { splitBatches } from '../../node/split-batches.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { RespHistory } from './history.ts'
import type { Command } from './model.ts'
import { CLIENTS, type RespEvent, type RespSettings } from './plan.ts'

/** What a power cut may take under everysec: a second, the slow disk, and a sync under way. */
const EVERYSEC_LOSS_MS = 1_500
/** A turn of the event loop: what is acknowledged in one may go with the process. */
const TURN_MS = 1
const OUTAGE_MS = 100

export type RespBreak = 'lying-disk' | 'split-batches'

interface Process {
  readonly clock: NodeClock
  readonly store: Store
  readonly server: RespServer
  readonly clients: readonly InProcessClient[]
  /** Its disk has failed: what is acknowledged from then on is another matter. */
  failed: boolean
}

/** One server, its clients, and what they were told. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: RespSettings
  readonly #disk: SimulatedDisk
  readonly #splits: boolean
  #history = new RespHistory()
  #process: Process | undefined

  constructor(world: Simulation, settings: RespSettings, broken: RespBreak | undefined) {
    this.#world = world
    this.#settings = settings
    const lies = broken === 'lying-disk' ? /\.log$/ : undefined
    this.#disk = new SimulatedDisk(world, 'server', { lies })
    this.#splits = broken === 'split-batches'
  }

  async start(): Promise<void> {
    this.#process = await this.#boot()
  }

  /** A new process on the disk; nobody uses it before its state was read. */
  async #boot(): Promise<Process> {
    const { appendFsync, memtableBytes } = this.#settings
    const clock = new NodeClock(this.#world.clock)
    const opened = await Store.open('/data', {
      fileSystem: this.#disk.mount(),
      clock,
      memtableBytes,
      tables: { tableBytes: 8192, levelBytes: 32_768, levelZeroTables: 2 },
    })
    const store = this.#splits ? splitBatches(opened, this.#world) : opened
    const random = this.#world.random(`server/${this.#world.clock.monotonic()}`)
    const server = await createServer({ store, appendFsync, clock, random })
    const clients = Array.from({ length: CLIENTS }, () => server.createClient())
    return { clock, store: opened, server, clients, failed: false }
  }

  async take(event: RespEvent): Promise<void> {
    const running = this.#process
    if (running === undefined) return
    if (event.do === 'run') await this.#run(running, event.client, event.commands)
    else if (event.do === 'compare') await this.#compare(running)
    else if (event.do === 'restart') await this.#restart(running)
    else if (event.do === 'disk-fault') await this.#failDisk(running, event.code)
    else if ('downMs' in event) await this.#crash(running, event.do, event.downMs)
  }

  async end(): Promise<void> {
    while (this.#process === undefined) await this.#world.sleep(10)
    await this.#crash(this.#process, 'power-cut', 0)
    const last = this.#process as Process | undefined
    await last?.server.close()
    await last?.store.close()
  }

  async #run(running: Process, client: number, commands: readonly Command[]): Promise<void> {
    const session = running.clients[client] as InProcessClient
    const now = (): number => this.#world.clock.monotonic()
    const before = this.#history.length
    const words = commands.length === 1 ? commands : [['MULTI'], ...commands, ['EXEC']]
    // all of it in this very moment, so that this is the order of execution
    const replies = words.map((command) => session.execute(command))
    const acknowledge = this.#history.add(commands, now())
    const results = await Promise.allSettled(replies)
    const refused = results.find((result) => result.status === 'rejected')
    if (running !== this.#process) return
    if (refused === undefined) {
      acknowledge(now())
      this.#world.note(`acknowledged ${before + 1}`)
    } else {
      const { message } = refused.reason as Error
      this.#world.note(`refused ${before + 1}: ${message}`)
      const known = running.failed || /no such key|WRONGTYPE|^ERR/.test(message)
      if (!known) throw new Violation('refusal', `${JSON.stringify(words[0])}: ${message}`)
    }
  }

  /** A running server shows what all that it executed has made. */
  async #compare(running: Process): Promise<void> {
    if (running.failed) return
    const all = this.#history.length
    let dump: string
    try {
      dump = await dumpOf(running.clients[0] as InProcessClient)
    } catch (error) {
      if (running !== this.#process) return
      throw error
    }
    // commands that came while it was read make this moot
    if (running !== this.#process || this.#history.length !== all) return
    this.#history.cutTo(dump, all)
  }

  async #crash(running: Process, kind: 'kill' | 'power-cut', downMs: number): Promise<void> {
    const least = this.#leastAfter(kind)
    this.#process = undefined
    running.clock.stop()
    if (kind === 'kill') this.#disk.kill()
    else this.#disk.powerCut()
    this.#disk.misbehave(undefined)
    await this.#world.sleep(downMs)
    await this.#recover(least)
  }

  async #restart(running: Process): Promise<void> {
    if (running.failed) return // its disk is out of order, and it is killed soon
    const all = this.#history.length
    this.#process = undefined
    await running.server.close()
    await running.store.close()
    running.clock.stop()
    this.#disk.kill()
    await this.#recover(all)
  }

  async #failDisk(running: Process, code: 'EIO' | 'ENOSPC'): Promise<void> {
    running.failed = true
    this.#disk.misbehave({ fault: code })
    await this.#world.sleep(OUTAGE_MS)
    if (running === this.#process) await this.#crash(running, 'kill', 0)
  }

  #leastAfter(kind: 'kill' | 'power-cut'): number {
    const now = this.#world.clock.monotonic()
    if (this.#settings.appendFsync === 'always') return this.#history.acknowledgedBefore(now)
    // after a failed sync everysec has promised nothing about the last ones
    const lossMs = kind === 'kill' && this.#process?.failed !== true ? TURN_MS : EVERYSEC_LOSS_MS
    return this.#history.acknowledgedBefore(now - lossMs)
  }

  async #recover(least: number): Promise<void> {
    const running = await this.#boot()
    const before = this.#history.length
    const dump = await dumpOf(running.clients[0] as InProcessClient)
    this.#history.cutTo(dump, least)
    this.#process = running
    this.#world.note(`back with ${this.#history.length} of ${before} units, at least ${least}`)
  }
}

/** Every key with its type and content, as KeyModel.dump has it. */
async function dumpOf(client: InProcessClient): Promise<string> {
  const keys = [...((await client.execute(['KEYS', '*'])) as string[])].sort()
  const entries: unknown[] = []
  for (const key of keys) {
    const type = (await client.execute(['TYPE', key])) as string
    entries.push([key, type, await contentOf(client, key, type)])
  }
  return JSON.stringify(entries)
}

async function contentOf(client: InProcessClient, key: string, type: string): Promise<unknown> {
  if (type === 'string') return await client.execute(['GET', key])
  if (type === 'list') return await client.execute(['LRANGE', key, 0, -1])
  if (type === 'set') return [...((await client.execute(['SMEMBERS', key])) as Set<string>)].sort()
  const hash = (await client.execute(['HGETALL', key])) as Map<string, string>
  return [...hash].sort(([a], [b]) => (a < b ? -1 : 1))
}
