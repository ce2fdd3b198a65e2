import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createMemoryHub, type MemoryTransport, memory } from '@ashlar/transport'
import { Cloud } from './cloud.ts'
import { Edge } from './edge.ts'

export interface ControlRoomOptions {
  /** Folder of everything that is kept. */
  readonly path: string
  readonly httpPort: number
  readonly redisPort: number
  /** Speed of the replay at each site; `Infinity` does not wait. */
  readonly daysPerSecond: number
  /** How long each person on call has to acknowledge. */
  readonly stepMs: number
  readonly onError: (error: unknown) => void
}

/** What a person should look at. */
export interface Figures {
  readonly kept: number
  readonly moved: number
  readonly alerts: number
  readonly open: number
  readonly tasksDue: number
  readonly tasksDone: number
  /** How old the oldest copy is; undefined while a node has not been reached yet. */
  readonly lagMs: number | undefined
}

const SITES = [
  { node: 'edge-seattle', location: 'Seattle' },
  { node: 'edge-new-york', location: 'New York' },
] as const

/** A cloud node and two edge nodes over an in-process transport. */
export class ControlRoom {
  readonly cloud: Cloud
  readonly #edges: readonly Edge[]
  readonly #transports: readonly MemoryTransport[]
  readonly #options: ControlRoomOptions
  readonly #stop = new AbortController()
  #replay: Promise<void> = Promise.resolve()

  private constructor(
    cloud: Cloud,
    edges: readonly Edge[],
    transports: readonly MemoryTransport[],
    options: ControlRoomOptions,
  ) {
    this.cloud = cloud
    this.#edges = edges
    this.#transports = transports
    this.#options = options
  }

  static async open(options: ControlRoomOptions): Promise<ControlRoom> {
    const hub = createMemoryHub()
    const transports = [memory({ hub })]
    const folder = (name: string): string => {
      const path = join(options.path, name)
      mkdirSync(path, { recursive: true })
      return path
    }
    const cloud = await Cloud.open({
      ...options,
      path: folder('cloud'),
      transport: transports[0] as MemoryTransport,
    })
    const edges: Edge[] = []
    for (const { node, location } of SITES) {
      const transport = memory({ hub })
      transports.push(transport)
      edges.push(await Edge.open({ node, location, path: folder(node), transport }))
    }
    const room = new ControlRoom(cloud, edges, transports, options)
    room.#replay = room.#startReplay()
    return room
  }

  figures(): Figures {
    const nodes = [this.cloud.replicator, ...this.#edges.map((edge) => edge.replicator)]
    const links = nodes.flatMap((node) => node.status().subscriptions)
    const lags = links.map(({ lagMs }) => lagMs)
    const { due, done } = this.cloud.escalations.counts()
    return {
      kept: this.#edges.reduce((sum, edge) => sum + edge.kept, 0),
      moved: links.reduce((sum, { records }) => sum + records, 0),
      alerts: this.cloud.count('alerts'),
      open: this.cloud.count('escalations', "status = 'open'"),
      tasksDue: due,
      tasksDone: done,
      lagMs: lags.some((lag) => lag === undefined) ? undefined : Math.max(0, ...(lags as number[])),
    }
  }

  /** Resolves when every site has replayed its observations. */
  async replayed(): Promise<void> {
    await this.#replay
  }

  /** Resolves when every alert has arrived and every escalation has come to its end. */
  async settled(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    const raised = this.#edges.reduce((sum, edge) => sum + edge.alerted, 0)
    for (;;) {
      const { alerts, open, tasksDue } = this.figures()
      if (alerts >= raised && open === 0 && tasksDue === 0) return
      if (this.#stop.signal.aborted) return
      if (performance.now() > deadline) {
        throw new Error(`${raised} alerts raised, ${alerts} arrived, ${open} escalations open`)
      }
      await wait(20)
    }
  }

  /** Stops the replay and closes every node; the next start goes on from here. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#replay
    for (const edge of this.#edges) await edge.replicator.close()
    await this.cloud.close()
    for (const transport of this.#transports) await transport.close()
  }

  async #startReplay(): Promise<void> {
    const { daysPerSecond, onError } = this.#options
    const { signal } = this.#stop
    const report = (error: unknown): void => {
      if (!signal.aborted) onError(error)
    }
    await Promise.all(this.#edges.map((edge) => edge.replay(daysPerSecond, signal).catch(report)))
  }
}
