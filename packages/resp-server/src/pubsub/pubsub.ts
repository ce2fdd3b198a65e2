import { type Client, NO_NAMES } from '../clients/client.ts'
import type { Bytes } from '../protocol/reply.ts'
import { matchGlob } from '../values/glob.ts'

export type ChannelKind = 'channels' | 'patterns' | 'shardChannels'

/** Who listens to what. Messages go straight into the receivers' outputs. */
export class PubSub {
  readonly #subscribers: Record<ChannelKind, Map<string, Set<Client>>> = {
    channels: new Map(),
    patterns: new Map(),
    shardChannels: new Map(),
  }

  subscribe(client: Client, kind: ChannelKind, name: string): void {
    if (client[kind] === NO_NAMES) client[kind] = new Set()
    client[kind].add(name)
    const subscribers = this.#subscribers[kind].get(name)
    if (subscribers === undefined) this.#subscribers[kind].set(name, new Set([client]))
    else subscribers.add(client)
  }

  unsubscribe(client: Client, kind: ChannelKind, name: string): void {
    client[kind].delete(name)
    const subscribers = this.#subscribers[kind].get(name)
    subscribers?.delete(client)
    if (subscribers?.size === 0) this.#subscribers[kind].delete(name)
  }

  unsubscribeAll(client: Client): void {
    for (const kind of ['channels', 'patterns', 'shardChannels'] as const) {
      for (const name of [...client[kind]]) this.unsubscribe(client, kind, name)
    }
  }

  /** Number of receivers; one who listens twice counts twice. */
  publish(channel: string, message: Bytes): number {
    let receivers = this.#deliver('channels', 'message', channel, message)
    for (const [pattern, subscribers] of this.#subscribers.patterns) {
      if (!matchGlob(pattern, channel)) continue
      for (const client of subscribers) {
        const { output } = client
        output.push(4)
        output.bulk('pmessage')
        output.bulk(pattern)
        output.bulk(channel)
        output.bulk(message)
        client.transport.flush()
        receivers += 1
      }
    }
    return receivers
  }

  publishSharded(channel: string, message: Bytes): number {
    return this.#deliver('shardChannels', 'smessage', channel, message)
  }

  names(kind: ChannelKind, pattern: string | undefined): string[] {
    const names = [...this.#subscribers[kind].keys()]
    return pattern === undefined ? names : names.filter((name) => matchGlob(pattern, name))
  }

  count(kind: ChannelKind, name: string): number {
    return this.#subscribers[kind].get(name)?.size ?? 0
  }

  size(kind: ChannelKind): number {
    return this.#subscribers[kind].size
  }

  #deliver(kind: ChannelKind, type: string, channel: string, message: Bytes): number {
    const subscribers = this.#subscribers[kind].get(channel)
    if (subscribers === undefined) return 0
    for (const client of subscribers) {
      const { output } = client
      output.push(3)
      output.bulk(type)
      output.bulk(channel)
      output.bulk(message)
      client.transport.flush()
    }
    return subscribers.size
  }
}
