import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createMemoryHub, memory, type Transport } from '@ashlar/transport'
import { nats } from '@ashlar/transport/nats'
import { Cloud } from './cloud.ts'
import { RemoteSite } from './remote-site.ts'
import { LocalSite, type Site } from './site.ts'

export interface ControlRoomOptions {
  /** Folder of everything that is kept. */
  readonly path: string
  readonly httpPort: number
  readonly redisPort: number
  /** Speed of the replay at each site; `Infinity` does not wait. */
  readonly daysPerSecond: number
  /** How long each person on call has to acknowledge. */
  readonly stepMs: number
  /** A NATS server that joins the nodes, each site a process of its own. Default: all in this one. */
  readonly servers?: string | undefined
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

/** A cloud node and two edge nodes: all in this process, or each its own, over NATS. */
export class ControlRoom {
  readonly cloud: Cloud
  readonly #sites: readonly Site[]
  readonly #transport: Transport
  readonly #stop = new AbortController()
  readonly #replay: Promise<unknown>

  private constructor(
    cloud: Cloud,
    transport: Transport,
    sites: readonly Site[],
    onError: (error: unknown) => void,
  ) {
    this.cloud = cloud
    this.#transport = transport
    this.#sites = sites
    this.#replay = Promise.all(sites.map((site) => site.replayed.catch(onError)))
  }

  static async open(options: ControlRoomOptions): Promise<ControlRoom> {
    const { servers, daysPerSecond } = options
    const hub = createMemoryHub()
    const connect = (name: string): Promise<Transport> | Transport =>
      servers === undefined ? memory({ hub }) : nats({ servers, name })
    const folder = (name: string): string => {
      const path = join(options.path, name)
      mkdirSync(path, { recursive: true })
      return path
    }
    const transport = await connect('cloud')
    const clustered = servers !== undefined
    const cloud = await Cloud.open({ ...options, path: folder('cloud'), transport, clustered })
    const sites: Site[] = []
    for (const { node, location } of SITES) {
      const site = { node, location, path: folder(node), daysPerSecond }
      sites.push(
        servers === undefined
          ? await LocalSite.open(site, memory({ hub }))
          : new RemoteSite(site, servers),
      )
    }
    return new ControlRoom(cloud, transport, sites, options.onError)
  }

  figures(): Figures {
    const sites = this.#sites.map((site) => site.figures())
    const links = this.cloud.replicator.status().subscriptions
    const lags = [...links, ...sites].map(({ lagMs }) => lagMs)
    const { due, done } = this.cloud.escalations.counts()
    const received = links.reduce((sum, { records }) => sum + records, 0)
    return {
      kept: sites.reduce((sum, { kept }) => sum + kept, 0),
      moved: sites.reduce((sum, { moved }) => sum + moved, received),
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
    for (;;) {
      const raised = this.#sites.reduce((sum, site) => sum + site.figures().alerted, 0)
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
    for (const site of this.#sites) await site.close()
    await this.#replay
    await this.cloud.close()
    await this.#transport.close()
  }
}
