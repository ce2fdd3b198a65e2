// Several members of one cluster in one process, each with a connection of its own.
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

export class ClusterRig {
  readonly hub = createMemoryHub()
  readonly errors: unknown[] = []

  /** A member, closed when the test ends. */
  async join<H extends HandlerMap>(options: MemberOptions<H>): Promise<ClusterMember<H>> {
    const transport = memory({ hub: this.hub })
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
