import type { Random } from '@ashlar/codec'
import type { Simulation } from '../world/simulation.ts'

/** How links behave; shares are between 0 and 1. */
export interface NetworkOptions {
  /** Shortest and longest time on the way. Default 0.2 and 5. */
  readonly minMs?: number
  readonly maxMs?: number
  /** Messages that get lost, come twice, or overtake others. Default 0 each. */
  readonly loss?: number
  readonly duplicate?: number
  readonly reorder?: number
}

/** How one message is sent. */
export interface SendOptions {
  /** As on a connection: in order and once, or not at all. Default false. */
  readonly connected?: boolean
}

interface Link {
  open: boolean
  slowness: number
  /** When the last message that was sent in order arrives. */
  lastDueMs: number
}

/** After so long a sender that wants to be sure sends again. */
const RESEND_MS = 40

/** One-way links between named nodes, each with its own fate: asymmetric partitions are the rule. */
export class Network {
  readonly #world: Simulation
  readonly #random: Random
  readonly #options: Required<NetworkOptions>
  readonly #links = new Map<string, Link>()

  constructor(world: Simulation, options: NetworkOptions = {}) {
    this.#world = world
    this.#random = world.random('network')
    this.#options = { minMs: 0.2, maxMs: 5, loss: 0, duplicate: 0, reorder: 0, ...options }
  }

  /** Cuts one direction. What is on the way is lost. */
  cut(from: string, to: string): void {
    this.#link(from, to).open = false
  }

  heal(from: string, to: string): void {
    this.#link(from, to).open = true
  }

  /** Makes one direction so many times slower. */
  slow(from: string, to: string, times: number): void {
    this.#link(from, to).slowness = times
  }

  /** Whole again and fast; messages get lost as little as they come twice. */
  healAll(): void {
    for (const link of this.#links.values()) {
      link.open = true
      link.slowness = 1
    }
    Object.assign(this.#options, { loss: 0, duplicate: 0, reorder: 0 })
  }

  isOpen(from: string, to: string): boolean {
    return from === to || this.#link(from, to).open
  }

  /** Sends; `arrive` is called when it arrives, never, or twice. */
  send(
    from: string,
    to: string,
    what: string,
    arrive: () => void,
    { connected = false }: SendOptions = {},
  ): void {
    if (from === to) {
      arrive()
      return
    }
    const { loss, duplicate } = this.#options
    const lost = this.#random.next() < loss
    const copies = this.#random.next() < duplicate && !connected ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#transfer(from, to, what, lost, connected, (arrived) => {
        if (arrived) arrive()
      })
    }
  }

  /**
   * Sends again until it has arrived; `arrive` is called once. Resolves true then, false when the
   * sender has given up, as `wanted` says.
   */
  async deliver(
    from: string,
    to: string,
    what: string,
    arrive: () => void,
    wanted: () => boolean,
  ): Promise<boolean> {
    while (wanted()) {
      const lost = this.#random.next() < this.#options.loss
      const arrived = await new Promise<boolean>((resolve) => {
        this.#transfer(from, to, what, lost, true, resolve)
      })
      if (arrived) {
        arrive()
        return true
      }
      await this.#world.sleep(RESEND_MS)
    }
    return false
  }

  #transfer(
    from: string,
    to: string,
    what: string,
    lost: boolean,
    ordered: boolean,
    done: (arrived: boolean) => void,
  ): void {
    const { clock } = this.#world
    const { minMs, maxMs, reorder } = this.#options
    const link = this.#link(from, to)
    if (lost || !link.open) {
      this.#world.note(`${from} -x ${to} ${what}`)
      done(false)
      return
    }
    const now = clock.monotonic()
    let dueMs = now + (minMs + this.#random.next() * (maxMs - minMs)) * link.slowness
    if (ordered || this.#random.next() >= reorder) {
      dueMs = Math.max(dueMs, link.lastDueMs)
      link.lastDueMs = dueMs
    }
    clock.setTimer(() => {
      this.#world.note(`${from} -${link.open ? '>' : 'x'} ${to} ${what}`)
      done(link.open)
    }, dueMs - now)
  }

  #link(from: string, to: string): Link {
    const name = `${from}>${to}`
    let link = this.#links.get(name)
    if (link === undefined) {
      link = { open: true, slowness: 1, lastDueMs: 0 }
      this.#links.set(name, link)
    }
    return link
  }
}
