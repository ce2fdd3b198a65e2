// Several members of one cluster in one process, each with a connection of its own.
import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createMemoryHub, type MemoryTransport, memory, type Transport } from '@ashlar/transport'
import { onTestFinished } from 'vitest'
import { ClusterScheduler } from '../../src/cluster/cluster-scheduler.ts'
import { rendezvous } from '../../src/cluster/hash.ts'
import type { ClusterOptions } from '../../src/cluster/options.ts'
import type { HandlerMap } from '../../src/run/handler.ts'

export type MemberOptions<H extends HandlerMap> = Omit<ClusterOptions<H>, 'transport'>

/** Long enough for a loaded machine, short enough for a test that waits for it. */
export const TTL_MS = 1_200

export interface ClusterMember<H extends HandlerMap, T extends Transport = MemoryTransport> {
  readonly scheduler: ClusterScheduler<H>
  readonly transport: T
}

/** The most that goes by on the rig's clock while the event loop stands still. */
const MOST_MS = 20

export class ClusterRig {
  /**
   * As fast as the machine's clock, but a pause of the machine, which has other things to do than these
   * tests, is none for the cluster: no lease is lost by one.
   */
  readonly clock = new VirtualClock({ startMs: Date.now() })
  readonly hub = createMemoryHub({ clock: this.clock })
  readonly errors: unknown[] = []

  constructor() {
    let over = false
    onTestFinished(() => {
      over = true
    })
    void (async () => {
      for (let last = performance.now(); !over; ) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        const now = performance.now()
        await this.clock.advance(Math.min(MOST_MS, Math.round(now - last)))
        last = now
      }
    })()
  }

  /** A member, closed when the test ends. */
  async join<H extends HandlerMap>(options: MemberOptions<H>): Promise<ClusterMember<H>> {
    const transport = memory({ hub: this.hub, clock: this.clock })
    const scheduler = await this.joinOn(transport, options)
    return { scheduler, transport }
  }

  async joinOn<H extends HandlerMap>(
    transport: Transport,
    options: MemberOptions<H>,
  ): Promise<ClusterScheduler<H>> {
    const store = await Store.open('/copies', { fileSystem: memoryFileSystem() })
    const scheduler = await ClusterScheduler.open<H>({
      partitions: 4,
      leaseTtlMs: TTL_MS,
      clock: this.clock,
      store,
      ...options,
      transport,
      events: {
        ...options.events,
        onError: (info) => {
          this.errors.push(info.error)
          options.events?.onError?.(info)
        },
      },
    })
    onTestFinished(async () => {
      await scheduler.close({ drainMs: 0 })
      await transport.close()
      await store.close()
    })
    return scheduler
  }
}

/** Resolves when it is true; looks again whenever the event loop has turned. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`it never came true that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

type Working = Pick<ClusterScheduler, 'id' | 'metrics'>

/** Members work on so many partitions each. */
export function shares(...members: readonly Working[]): number[] {
  return members.map((member) => member.metrics().partitions.length)
}

/** All partitions have an owner among these, and each knows it. */
export function settled(count: number, ...members: readonly Working[]): Promise<void> {
  const ids = members.map(({ id }) => id)
  return until(`each of ${count} partitions is where it belongs`, () =>
    members.every((member) => {
      const fair = Array.from({ length: count }, (_, n) => n)
      const due = fair.filter((partition) => rendezvous(partition, ids) === member.id)
      return member.metrics().partitions.join() === due.join()
    }),
  )
}
