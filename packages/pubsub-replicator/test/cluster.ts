import { type MemoryFileSystem, memoryFileSystem, type StoreOptions } from '@ashlar/lsm-store'
import {
  type RecordData,
  type RecordId,
  type ReplicaSubscription,
  Replicator,
  type ReplicatorOptions,
} from '@ashlar/pubsub-replicator'
import { createMemoryHub, type MemoryTransport, type Message, memory } from '@ashlar/transport'

type NodeOptions = Partial<Omit<ReplicatorOptions, 'node' | 'transport'>> &
  Pick<ReplicatorOptions, 'tables'>

/** A node that can be closed, cut off and opened again on the same disk. */
export interface TestNode {
  readonly name: string
  readonly disk: MemoryFileSystem
  replicator: Replicator
  transport: MemoryTransport
  errors: unknown[]
}

const STORE: StoreOptions = {
  memtableBytes: 256 * 1024,
  blockCacheBytes: 256 * 1024,
  tables: { compaction: 'inline' },
}

/** Several nodes on one network in memory. */
export class Cluster implements AsyncDisposable {
  readonly hub = createMemoryHub()
  readonly nodes = new Map<string, TestNode>()
  /** Payloads of all answers to requests. */
  readonly answers: Uint8Array[] = []
  readonly #others: MemoryTransport[] = []

  async open(name: string, options: NodeOptions): Promise<TestNode> {
    const known = this.nodes.get(name)
    const disk = known?.disk ?? memoryFileSystem()
    const transport = memory({ hub: this.hub })
    this.#listenTo(transport)
    const errors: unknown[] = []
    const { storeOptions, events, ...rest } = options
    const replicator = await Replicator.open({
      path: '/data',
      storeOptions: { ...STORE, ...storeOptions, fileSystem: disk },
      heartbeatMs: 20,
      requestTimeoutMs: 1000,
      retryMaxMs: 50,
      ...rest,
      events: { ...events, onError: (info) => errors.push(info) && events?.onError?.(info) },
      node: name,
      transport,
    })
    const node: TestNode = { name, disk, replicator, transport, errors }
    this.nodes.set(name, node)
    return node
  }

  /** A connection of somebody else on the network. */
  stranger(): MemoryTransport {
    const transport = memory({ hub: this.hub })
    this.#others.push(transport)
    return transport
  }

  /** Collects every message that goes over the network. */
  tap(): Message[] {
    const seen: Message[] = []
    const subscription = this.stranger().subscribe('>')
    void (async () => {
      for await (const message of subscription) seen.push(message)
    })()
    return seen
  }

  #listenTo(transport: MemoryTransport): void {
    const respond = transport.respond.bind(transport)
    transport.respond = (subject, handler, options) =>
      respond(
        subject,
        async (message) => {
          const answer = await handler(message)
          this.answers.push(answer)
          return answer
        },
        options,
      )
  }

  async close(name: string): Promise<void> {
    const node = this.nodes.get(name)
    await node?.replicator.close()
    await node?.transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.nodes.keys()) await this.close(name)
    for (const transport of this.#others) await transport.close()
  }
}

/** All records of a table, in order. */
export async function dump(node: TestNode, table: string): Promise<[RecordId, RecordData][]> {
  return await Array.fromAsync(node.replicator.table(table).scan())
}

/** Time between two looks counts up to this: a process that stands still loses no patience. */
const LOOK_MS_MAX = 50

/** Waits until a condition holds, looking after every turn of the event loop. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
  timeoutMs = 8000,
): Promise<void> {
  let leftMs = timeoutMs
  let looked = performance.now()
  while (!(await condition())) {
    const now = performance.now()
    leftMs -= Math.min(now - looked, LOOK_MS_MAX)
    looked = now
    if (leftMs < 0) throw new Error(`${what} did not come true in ${timeoutMs} ms`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Waits until a subscription is live with all its publishers. */
export async function live(subscription: ReplicaSubscription): Promise<void> {
  await until(() => {
    const links = subscription.status()
    return links.length > 0 && links.every(({ state }) => state === 'live')
  }, `${subscription.table} live`)
}
