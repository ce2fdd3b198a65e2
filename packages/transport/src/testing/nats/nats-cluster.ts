import { freePorts } from './free-ports.ts'
import { NatsServer } from './nats-server.ts'

const ROUTE_HOST = '127.0.0.1'
/** After this long a cluster without a leader counts as failed. */
const LEADER_PATIENCE_MS = 30_000
const POLL_MS = 50

/** How a cluster for tests is started. */
export interface NatsClusterOptions {
  /** Default 3. */
  readonly size?: number | undefined
  /** More lines of configuration, for each server. */
  readonly config?: string | undefined
}

interface JetStreamMonitor {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number }
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string
      readonly cluster?: { readonly leader?: string }
    }[]
  }[]
}

/** Real nats-servers that form one JetStream cluster. */
export class NatsCluster {
  readonly servers: readonly NatsServer[]

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers
  }

  /** Starts the servers; resolves when they have agreed on a leader. */
  static async start(options: NatsClusterOptions = {}): Promise<NatsCluster> {
    const size = options.size ?? 3
    const ports = await freePorts(size * 3)
    const routes = ports.slice(0, size).map((port) => `nats://${ROUTE_HOST}:${port}`)
    const servers: NatsServer[] = []
    for (let index = 0; index < size; index += 1) {
      const cluster =
        `cluster { name: test, listen: "${ROUTE_HOST}:${ports[index]}", ` +
        `routes: ${JSON.stringify(routes)} }`
      servers.push(
        await NatsServer.prepare({
          name: `n${index + 1}`,
          port: ports[size + index],
          monitorPort: ports[2 * size + index],
          config: `${cluster}\n${options.config ?? ''}`,
        }),
      )
    }
    const started = new NatsCluster(servers)
    try {
      await Promise.all(servers.map((server) => server.start()))
      await started.ready()
    } catch (error) {
      await started.close()
      throw error
    }
    return started
  }

  get urls(): string[] {
    return this.servers.map((server) => server.url)
  }

  /** Resolves when every running server knows the leader of the whole. */
  async ready(): Promise<void> {
    const running = this.servers.filter((server) => server.pid !== undefined)
    for (const server of running) {
      await poll(`${server.name} knows a leader`, async () => {
        const { meta_cluster: meta } = (await server.monitor('/jsz')) as JetStreamMonitor
        return meta?.leader !== undefined && meta.cluster_size === this.servers.length
      })
    }
  }

  /** The server that leads a stream at this moment. */
  async leaderOf(stream: string): Promise<NatsServer> {
    let leader: NatsServer | undefined
    await poll(`stream ${stream} has a leader`, async () => {
      leader = await this.#findLeader(stream)
      return leader !== undefined
    })
    if (leader === undefined) throw new Error(`stream ${stream} has no leader`)
    return leader
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #findLeader(stream: string): Promise<NatsServer | undefined> {
    for (const server of this.servers) {
      if (server.pid === undefined) continue
      const page = (await server.monitor('/jsz?streams=true')) as JetStreamMonitor
      const details = page.account_details?.flatMap((account) => account.stream_detail ?? [])
      const name = details?.find((detail) => detail.name === stream)?.cluster?.leader
      const found = this.servers.find((one) => one.name === name && one.pid !== undefined)
      if (found !== undefined) return found
    }
    return undefined
  }
}

async function poll(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  for (let looks = LEADER_PATIENCE_MS / POLL_MS; !(await isTrue()); looks -= 1) {
    if (looks <= 0) throw new Error(`it never came true that ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
