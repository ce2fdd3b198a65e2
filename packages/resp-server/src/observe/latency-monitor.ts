/** Samples kept per event, as in Redis. */
const MAX_SAMPLES = 160

export interface LatencySample {
  /** Unix time in whole seconds. */
  readonly time: number
  milliseconds: number
}

export interface LatencyEvent {
  readonly samples: LatencySample[]
  /** Longest since the last reset. */
  max: number
}

/** Events that took at least latency-monitor-threshold, by kind: commands, expiry, eviction. */
export class LatencyMonitor {
  readonly #events = new Map<string, LatencyEvent>()

  get events(): ReadonlyMap<string, LatencyEvent> {
    return this.#events
  }

  /** `thresholdMs` 0 turns it off. The longest within a second stands for that second. */
  add(name: string, milliseconds: number, nowMs: number, thresholdMs: number): void {
    if (thresholdMs === 0 || milliseconds < thresholdMs) return
    const rounded = Math.floor(milliseconds)
    const time = Math.floor(nowMs / 1000)
    let event = this.#events.get(name)
    if (event === undefined) {
      event = { samples: [], max: 0 }
      this.#events.set(name, event)
    }
    event.max = Math.max(event.max, rounded)
    const last = event.samples.at(-1)
    if (last?.time === time) last.milliseconds = Math.max(last.milliseconds, rounded)
    else {
      event.samples.push({ time, milliseconds: rounded })
      if (event.samples.length > MAX_SAMPLES) event.samples.shift()
    }
  }

  /** Forgets these events, or all; answers how many there were. */
  reset(names: readonly string[]): number {
    if (names.length > 0) return names.filter((name) => this.#events.delete(name)).length
    const { size } = this.#events
    this.#events.clear()
    return size
  }
}
