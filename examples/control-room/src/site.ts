import type { Transport } from '@ashlar/transport'
import { Edge } from './edge.ts'

/** What a site tells of itself. */
export interface SiteFigures {
  readonly kept: number
  readonly alerted: number
  /** Records that it has received. */
  readonly moved: number
  /** How old its oldest copy is; undefined while a node has not been reached yet. */
  readonly lagMs: number | undefined
}

/** An edge site at work: in this process, or in one of its own. */
export interface Site {
  figures(): SiteFigures
  /** Resolves when all of its observations are replayed, or it was closed. */
  readonly replayed: Promise<void>
  close(): Promise<void>
}

export interface SiteOptions {
  readonly node: string
  readonly location: string
  readonly path: string
  readonly daysPerSecond: number
}

/** A site in this process. */
export class LocalSite implements Site {
  readonly replayed: Promise<void>
  readonly #edge: Edge
  readonly #transport: Transport
  readonly #stop = new AbortController()

  private constructor(edge: Edge, transport: Transport, daysPerSecond: number) {
    const { signal } = this.#stop
    this.#edge = edge
    this.#transport = transport
    this.replayed = edge.replay(daysPerSecond, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  static async open(options: SiteOptions, transport: Transport): Promise<LocalSite> {
    return new LocalSite(
      await Edge.open({ ...options, transport }),
      transport,
      options.daysPerSecond,
    )
  }

  figures(): SiteFigures {
    const { kept, alerted, replicator } = this.#edge
    const links = replicator.status().subscriptions
    const lags = links.map(({ lagMs }) => lagMs)
    return {
      kept,
      alerted,
      moved: links.reduce((sum, { records }) => sum + records, 0),
      lagMs: lags.some((lag) => lag === undefined) ? undefined : Math.max(0, ...(lags as number[])),
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.replayed.catch(() => {}) // whoever waits for it has been told
    await this.#edge.replicator.close()
    await this.#transport.close()
  }
}
