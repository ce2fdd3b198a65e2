import { freePorts } from './free-ports.ts'
import { NatsServer } from './nats-server.ts'
import { TcpLink } from './tcp-link.ts'

const POLL_MS = 30
const PATIENCE_MS = 20_000

/** A hub and a leaf node, each with JetStream in a domain of its own, over a link that can be cut. */
export class NatsHubWithLeaf {
  /** Domain `hub`. */
  readonly hub: NatsServer
  /** Domain `leaf`. */
  readonly leaf: NatsServer
  readonly #link: TcpLink

  private constructor(hub: NatsServer, leaf: NatsServer, link: TcpLink) {
    this.hub = hub
    this.leaf = leaf
    this.#link = link
  }

  static async start(): Promise<NatsHubWithLeaf> {
    const [leafPort = 0] = await freePorts(1)
    const hub = await NatsServer.start({
      name: 'hub',
      domain: 'hub',
      config: `leafnodes { listen: "127.0.0.1:${leafPort}" }`,
    })
    const link = await TcpLink.open(leafPort)
    const leaf = await NatsServer.start({
      name: 'leaf',
      domain: 'leaf',
      config: `leafnodes { reconnect: 1, remotes: [{ url: "${link.url}" }] }`,
    })
    const both = new NatsHubWithLeaf(hub, leaf, link)
    await both.connected()
    return both
  }

  /** Cuts the leaf off from the hub; resolves when both servers have noticed. */
  async cut(): Promise<void> {
    await this.#link.cut()
    await Promise.all([this.hub, this.leaf].map((server) => untilLeaves(server, 0)))
  }

  /** Brings the link back; resolves when the leaf has connected again. */
  async heal(): Promise<void> {
    this.#link.heal()
    await this.connected()
  }

  /** Resolves when hub and leaf know each other. */
  async connected(): Promise<void> {
    await Promise.all([this.hub, this.leaf].map((server) => untilLeaves(server, 1)))
  }

  async close(): Promise<void> {
    await Promise.all([this.hub.close(), this.leaf.close(), this.#link.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

async function untilLeaves(server: NatsServer, count: number): Promise<void> {
  for (let looks = PATIENCE_MS / POLL_MS; ; looks -= 1) {
    const page = (await server.monitor('/leafz')) as { readonly leafnodes?: number }
    if (page.leafnodes === count) return
    if (looks <= 0) throw new Error(`${server.name} never had ${count} leaf connections`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
