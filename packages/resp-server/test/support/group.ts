import { silentLogger } from '@ashlar/codec'
import { type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type Module, type RespServer } from '@ashlar/resp-server'
import { createMemoryHub, type MemoryTransport, memory } from '@ashlar/transport'
import { vi } from 'vitest'

export interface Node {
  readonly name: string
  readonly server: RespServer
  readonly transport: MemoryTransport
  readonly store: Store
}

/** Servers in one process that hold the same data, over a transport in memory. */
export class Group {
  readonly #hub = createMemoryHub()
  readonly #disks = new Map<string, MemoryFileSystem>()
  readonly #logs = new Map<string, string>()
  readonly #nodes = new Map<string, Node>()
  readonly leaseTtlMs: number

  constructor(leaseTtlMs = 1000) {
    this.leaseTtlMs = leaseTtlMs
  }

  async start(
    name: string,
    storeOptions: { changeRetentionBytes?: number; memtableBytes?: number } = {},
    options: { group?: string; cluster?: boolean; modules?: readonly Module[] } = {},
  ): Promise<Node> {
    const { modules = [], ...replication } = options
    const fileSystem = this.disk(name)
    const transport = memory({ hub: this.#hub })
    const store = await Store.open('/data', { fileSystem, ...storeOptions })
    const server = await createServer({
      store,
      port: 0,
      modules,
      config: { 'enable-debug-command': 'yes' },
      logger: {
        ...silentLogger,
        warn: (message, fields) => this.#note(name, message, fields),
        error: (message, fields) => this.#note(name, message, fields),
      },
      replication: { transport, node: name, leaseTtlMs: this.leaseTtlMs, ...replication },
    })
    const node = { name, server, transport, store }
    this.#nodes.set(name, node)
    return node
  }

  /** What a node's store is on; it stays when the node ends. */
  disk(name: string): MemoryFileSystem {
    const disk = this.#disks.get(name) ?? memoryFileSystem()
    this.#disks.set(name, disk)
    return disk
  }

  /** Warnings and errors of a node. */
  logged(name: string): string {
    return this.#logs.get(name) ?? ''
  }

  #note(name: string, message: string, fields: unknown): void {
    this.#logs.set(name, `${this.logged(name)}${message} ${JSON.stringify(fields)}\n`)
  }

  /** The power of one node is cut: what was not synced is gone, and nobody hears of it any more. */
  async cut(node: Node): Promise<void> {
    node.transport.disconnect()
    this.disk(node.name).powerCut()
    // nothing that it does from here on can be written
    await this.stop(node).catch(() => undefined)
    await node.store.close().catch(() => undefined)
  }

  /** An orderly end of one node. */
  async stop({ name, server, transport, store }: Node): Promise<void> {
    this.#nodes.delete(name)
    await server.close()
    await transport.close()
    await store.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes.values()) await this.stop(node)
  }
}

export const run = (node: Node, text: string): Promise<unknown> =>
  node.server.execute(text.split(' '))

export const roleOf = async (node: Node): Promise<unknown> =>
  ((await run(node, 'ROLE')) as unknown[])[0]

/** Resolves when the node is the primary. */
export const untilPrimary = (node: Node): Promise<void> =>
  vi.waitFor(
    async () => {
      if ((await roleOf(node)) !== 'master') throw new Error(`${node.name} is not the primary`)
    },
    { timeout: 10_000, interval: 10 },
  )

/** Resolves when everything that the primary has executed is on so many replicas. */
export async function untilReplicated(primary: Node, replicas = 1): Promise<void> {
  const count = await primary.server.createClient().execute(['WAIT', replicas, 10_000])
  if (count !== replicas) throw new Error(`${String(count)} of ${replicas} replicas have it`)
}

/** How often the node sent everything, and how often only what came after. */
export async function syncs(node: Node): Promise<{ full: number; partial: number }> {
  const stats = String(await run(node, 'INFO stats'))
  const count = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(stats)?.[1])
  return { full: count('sync_full'), partial: count('sync_partial_ok') }
}
