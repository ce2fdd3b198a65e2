import type { Clock } from '@ashlar/codec'
import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import type { Settings } from '../config/settings.ts'
import type { Bytes } from '../protocol/reply.ts'
import { Histogram } from './histogram.ts'
import { LatencyMonitor } from './latency-monitor.ts'
import { redact } from './redact.ts'
import { SlowLog } from './slow-log.ts'

/** Quick commands that share one look at the clock. */
const GROUP = 16
/** slowlog-log-slower-than below this makes every command be timed by itself. */
const EXACT_BELOW_US = 1000

/**
 * How long commands take. Looking at the clock costs as much as a quick command, so commands that
 * are quick by their nature share one look per group and get the mean; the others, and all when
 * somebody wants to know, are timed one by one.
 */
export class Timing {
  readonly slowLog: SlowLog = new SlowLog()
  readonly latency: LatencyMonitor = new LatencyMonitor()
  readonly #settings: Settings
  /** The quick commands since the last look at the clock: so many of these. */
  readonly #group: Command[] = []
  #grouped = 0
  readonly #clock: Clock
  /** When somebody looked at the clock last, which is about now, in its monotonic milliseconds. */
  lookedAt = 0
  #groupSince = 0
  #timed = 0
  #isExact = false

  constructor(settings: Settings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
    this.settingsChanged()
  }

  settingsChanged(): void {
    const { slowlogLogSlowerThan, latencyMonitorThreshold } = this.#settings
    const wantsSlow = slowlogLogSlowerThan >= 0 && slowlogLogSlowerThan < EXACT_BELOW_US
    this.#isExact = wantsSlow || latencyMonitorThreshold > 0
  }

  timesAlone(command: Command): boolean {
    return this.#isExact || command.isSlow
  }

  /** Requests have come: the group of quick commands starts here. */
  begin(): void {
    this.#groupSince = this.look()
    this.#timed = 0
  }

  /** Looks at the clock. */
  look(): number {
    this.lookedAt = this.#clock.monotonic()
    return this.lookedAt
  }

  end(): void {
    this.settle()
    this.#groupSince = 0
  }

  /** A quick command has run. */
  note(command: Command): void {
    // calls from within the process are not grouped: who knows what lies between two
    if (this.#groupSince === 0) return
    this.#group[this.#grouped] = command
    this.#grouped += 1
    if (this.#grouped === GROUP) this.settle()
  }

  /** Gives the quick commands so far their share of the time. */
  settle(): void {
    const count = this.#grouped
    if (count === 0) return
    const now = this.look()
    const total = Math.max(0, now - this.#groupSince - this.#timed)
    const mean = (total * 1000) / count
    const group = this.#group
    // the same command many times in a row is the rule
    let from = 0
    for (let at = 1; at <= count; at += 1) {
      if (at < count && group[at] === group[from]) continue
      this.#record(group[from] as Command, mean, at - from)
      from = at
    }
    this.#grouped = 0
    this.#groupSince = now
    this.#timed = 0
  }

  /** A command has run that was timed alone. `nowMs` is the wall clock. */
  add(
    client: Client,
    command: Command,
    args: readonly Bytes[],
    microseconds: number,
    nowMs: number,
  ): void {
    this.#timed += microseconds / 1000
    this.#record(command, microseconds, 1)
    const { slowlogLogSlowerThan, slowlogMaxLen, latencyMonitorThreshold } = this.#settings
    const event = command.flags.has('fast') ? 'fast-command' : 'command'
    this.latency.add(event, microseconds / 1000, nowMs, latencyMonitorThreshold)
    if (slowlogLogSlowerThan < 0 || microseconds < slowlogLogSlowerThan) return
    if (command.flags.has('skip_slowlog') || slowlogMaxLen === 0) return
    this.slowLog.add(
      {
        time: nowMs,
        microseconds: Math.floor(microseconds),
        args: redact(command, args),
        address: client.transport.address,
        clientName: client.name,
      },
      slowlogMaxLen,
    )
  }

  #record(command: Command, microseconds: number, times: number): void {
    command.microseconds += microseconds * times
    if (!this.#settings.latencyTracking) return
    command.histogram ??= new Histogram()
    command.histogram.record(microseconds, times)
  }
}
