import { createRecordCodec } from '@ashlar/codec'
import type { Subscription } from '@ashlar/transport'
import type { Bytes } from '../protocol/reply.ts'
import type { ServerContext } from '../server/context.ts'
import type { ResolvedReplication } from './replication-options.ts'

/** A message on its way to the subscribers of other nodes. */
interface Published {
  readonly node: string
  readonly channel: Uint8Array
  readonly message: Uint8Array
  readonly isSharded: boolean
}

const codec = createRecordCodec<Published>({ version: 1 })

/**
 * Carries PUBLISH to the other nodes: those of the group, in a cluster those of all groups, and
 * SPUBLISH to those of the group. At most once; what is larger than a message of the transport, or
 * comes while that is not connected, stays on this node.
 */
export class Broadcast {
  readonly #options: ResolvedReplication
  readonly #server: ServerContext
  #subscriptions: Subscription[] = []
  #reading: Promise<unknown> = Promise.resolve()

  constructor(options: ResolvedReplication, server: ServerContext) {
    this.#options = options
    this.#server = server
  }

  start(): void {
    const { transport, cluster } = this.#options
    const subjects = [this.#subject(true), ...(cluster ? [this.#subject(false)] : [])]
    this.#subscriptions = subjects.map((subject) => transport.subscribe(subject))
    this.#reading = Promise.all(this.#subscriptions.map((one) => this.#read(one)))
  }

  send(channel: string, message: Bytes, isSharded: boolean): void {
    const { transport, node, cluster } = this.#options
    const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message
    const published = { node, channel: Buffer.from(channel, 'latin1'), message: bytes, isSharded }
    try {
      transport.publish(this.#subject(isSharded || !cluster), codec.encode(published))
    } catch (error) {
      this.#server.logger.warn('a message stays on this node', { channel, error: String(error) })
    }
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    await this.#reading
  }

  #subject(ofGroup: boolean): string {
    const { name, group } = this.#options
    return ofGroup ? `resp.${name}.${group}.-.publish` : `resp.${name}.-.-.publish`
  }

  async #read(subscription: Subscription): Promise<void> {
    const { pubsub, logger } = this.#server
    for await (const { payload } of subscription) {
      try {
        const { node, channel, message, isSharded } = codec.decode(payload)
        if (node === this.#options.node) continue
        const name = Buffer.from(channel).toString('latin1')
        if (isSharded) pubsub.publishSharded(name, Buffer.from(message))
        else pubsub.publish(name, Buffer.from(message))
        this.#server.endOfTurn()
      } catch (error) {
        logger.warn('a message of another node is unreadable', { error: String(error) })
      }
    }
  }
}
