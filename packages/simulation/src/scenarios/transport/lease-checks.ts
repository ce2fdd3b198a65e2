import type { Lease } from '@ashlar/transport'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'

interface Grant {
  readonly node: string
  readonly lease: Lease
}

/** How often the holders are counted, on the true clock. */
const LOOK_MS = 7

/** Counts holders: at most one a key at any time, and each with a greater epoch than those before. */
export class LeaseChecks {
  readonly #world: Simulation
  readonly #grants = new Map<string, Grant[]>()
  #ended = false

  constructor(world: Simulation) {
    this.#world = world
    this.#look()
  }

  granted(node: string, key: string, lease: Lease): void {
    const grants = this.#grants.get(key) ?? []
    this.#grants.set(key, grants)
    this.#world.note(`${node} has ${key} epoch ${lease.epoch}${lease.held ? '' : ', too late'}`)
    for (const other of grants) {
      if (other.lease.epoch === lease.epoch) {
        throw new Violation('lease-epoch', `${node} and ${other.node} have epoch ${lease.epoch}`)
      }
      // one that comes too late tells so by itself: whoever heeds `held` does nothing with it
      if (lease.held && other.lease.epoch > lease.epoch) {
        throw new Violation(
          'lease-epoch',
          `${key}: ${node} got ${lease.epoch} after ${other.node} had ${other.lease.epoch}`,
        )
      }
    }
    if (lease.held) grants.push({ node, lease })
    this.check()
  }

  /** The process of a node is gone, and with it what it believed. */
  gone(node: string): void {
    for (const [key, grants] of this.#grants) {
      // an epoch of the past stays, as a number
      this.#grants.set(
        key,
        grants.map((grant) =>
          grant.node === node ? { node, lease: deadLease(grant.lease) } : grant,
        ),
      )
    }
  }

  check(): void {
    for (const [key, grants] of this.#grants) {
      const holders = grants.filter(({ lease }) => lease.held)
      if (holders.length <= 1) continue
      const who = holders.map(({ node, lease }) => `${node} (epoch ${lease.epoch})`).join(' and ')
      throw new Violation('lease-holders', `${who} hold ${key} at a time`)
    }
  }

  end(): void {
    this.#ended = true
  }

  #look(): void {
    this.#world.clock.setTimer(() => {
      if (this.#ended) return
      try {
        this.check()
      } catch (error) {
        this.#world.fail(error)
      }
      this.#look()
    }, LOOK_MS)
  }
}

function deadLease({ owner, epoch }: Lease): Lease {
  const gone = (): Promise<never> => new Promise(() => {})
  return { owner, epoch, held: false, renew: gone, release: gone }
}
