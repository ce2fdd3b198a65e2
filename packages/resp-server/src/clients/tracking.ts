import type { Client } from './client.ts'

/** Keys remembered at most: beyond that the oldest are invalidated as if they had changed. */
export const DEFAULT_MAX_TRACKED_KEYS = 1_000_000

/** What a client asked for by CLIENT TRACKING ON. */
export interface TrackingState {
  /** undefined: the client itself, by push. */
  readonly redirect: Client | undefined
  readonly redirectId: number
  readonly broadcasts: boolean
  readonly prefixes: readonly string[]
  readonly mode: 'default' | 'optin' | 'optout'
  readonly noLoop: boolean
  /** CLIENT CACHING: for the next command, or the transaction that it opens. */
  caching: 'none' | 'yes' | 'no'
  isRedirectBroken: boolean
}

/** Who has read which keys, and is told when they change: client-side caching. */
export class Tracking {
  readonly #readers = new Map<string, Set<Client>>()
  readonly #prefixes = new Map<string, Set<Client>>()
  #clients = 0
  #items = 0
  /** What leaves when the command has answered: keys of readers, one by one. */
  #pendingKeys: [Client, string][] = []
  /** Keys under each prefix, with who changed them: told together. */
  #pendingPrefixes = new Map<string, Map<string, Client | undefined>>()
  #pendingAll = new Set<Client>()

  /** Some client tracks: only then is anything looked up. */
  get isOn(): boolean {
    return this.#clients > 0
  }

  get clientCount(): number {
    return this.#clients
  }

  get keyCount(): number {
    return this.#readers.size
  }

  get itemCount(): number {
    return this.#items
  }

  get prefixCount(): number {
    return this.#prefixes.size
  }

  enable(client: Client, state: TrackingState): void {
    if (client.tracking === undefined) this.#clients += 1
    client.tracking = state
    for (const prefix of state.prefixes) {
      const clients = this.#prefixes.get(prefix)
      if (clients === undefined) this.#prefixes.set(prefix, new Set([client]))
      else clients.add(client)
    }
  }

  disable(client: Client): void {
    const state = client.tracking
    if (state === undefined) return
    client.tracking = undefined
    this.#clients -= 1
    this.#pendingAll.delete(client)
    for (const prefix of state.prefixes) {
      const clients = this.#prefixes.get(prefix)
      clients?.delete(client)
      if (clients?.size === 0) this.#prefixes.delete(prefix)
    }
  }

  /** The client has read these keys. */
  remember(client: Client, keys: readonly string[], maxKeys: number): void {
    for (const key of keys) {
      const readers = this.#readers.get(key)
      if (readers === undefined) this.#readers.set(key, new Set([client]))
      else if (readers.has(client)) continue
      else readers.add(client)
      this.#items += 1
    }
    if (maxKeys > 0) this.limit(maxKeys)
  }

  /** Invalidates the keys that were read first until no more than this many are left. */
  limit(maxKeys: number): void {
    for (const key of this.#readers.keys()) {
      if (this.#readers.size <= maxKeys) return
      this.#invalidateReaders(key, undefined)
    }
  }

  /** A key has changed, by a command of this client if by any. */
  keyChanged(key: string, by: Client | undefined): void {
    this.#invalidateReaders(key, by)
    for (const [prefix, clients] of this.#prefixes) {
      if (!key.startsWith(prefix)) continue
      if (clients.size === 0) continue
      const keys = this.#pendingPrefixes.get(prefix)
      if (keys === undefined) this.#pendingPrefixes.set(prefix, new Map([[key, by]]))
      else keys.set(key, by)
    }
  }

  /** Databases were emptied: everything is invalid. */
  allChanged(all: Iterable<Client>): void {
    this.#readers.clear()
    this.#items = 0
    for (const client of all) if (client.tracking !== undefined) this.#pendingAll.add(client)
  }

  /** Sends what is due. Called between commands, so that no reply is torn. */
  flush(): void {
    const keys = this.#pendingKeys
    if (keys.length > 0) {
      this.#pendingKeys = []
      for (const [client, key] of keys) send(client, [key])
    }
    if (this.#pendingAll.size > 0) {
      for (const client of this.#pendingAll) send(client, undefined)
      this.#pendingAll.clear()
    }
    if (this.#pendingPrefixes.size > 0) this.#broadcast()
  }

  #invalidateReaders(key: string, by: Client | undefined): void {
    const readers = this.#readers.get(key)
    if (readers === undefined) return
    this.#readers.delete(key)
    this.#items -= readers.size
    for (const client of readers) {
      const { tracking } = client
      if (tracking === undefined || tracking.broadcasts) continue
      if (!tracking.noLoop || client !== by) this.#pendingKeys.push([client, key])
    }
  }

  #broadcast(): void {
    const prefixes = this.#pendingPrefixes
    this.#pendingPrefixes = new Map()
    for (const [prefix, changed] of prefixes) {
      for (const client of this.#prefixes.get(prefix) ?? []) {
        const keys = [...changed.keys()].filter(
          (key) => client.tracking?.noLoop !== true || changed.get(key) !== client,
        )
        if (keys.length > 0) send(client, keys)
      }
    }
  }
}

/** Tells the client, or the one that it named, which keys are invalid; undefined: all. */
function send(client: Client, keys: readonly string[] | undefined): void {
  const state = client.tracking
  if (state === undefined || client.isClosing) return
  const target = state.redirectId === 0 ? client : state.redirect
  if (target === undefined || target.isClosing) {
    if (state.isRedirectBroken) return
    state.isRedirectBroken = true
    if (client.output.version === 3) {
      client.output.push(2)
      client.output.bulk('tracking-redir-broken')
      client.output.integer(state.redirectId)
      client.transport.flush()
    }
    return
  }
  const { output } = target
  if (output.version === 3) {
    output.push(2)
    output.bulk('invalidate')
  } else if (target.channels.has('__redis__:invalidate')) {
    output.array(3)
    output.bulk('message')
    output.bulk('__redis__:invalidate')
  } else return
  if (keys === undefined) output.null()
  else {
    output.array(keys.length)
    for (const key of keys) output.bulk(key)
  }
  target.transport.flush()
}
