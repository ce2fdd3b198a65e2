import type { Clock, Timer } from '@ashlar/codec'
import type { Database } from '../keyspace/database.ts'
import type { Client, QueuedCommand } from './client.ts'

/** What a waiting client wants. */
export interface Wait {
  readonly keys: readonly string[]
  /** 0: for ever. */
  readonly timeoutMs: number
  /** Answers from the key if it can; false leaves the client waiting. */
  serve(key: string): boolean
  /** Wants to be served also when the key has gone: to be told so. */
  readonly watchesRemoval?: boolean
  /** CLIENT UNBLOCK may end it though it waits for no key. */
  readonly isUnblockable?: boolean
  timedOut(): void
}

/** The command that waits, and how long it ran before. */
export interface BlockedRequest extends QueuedCommand {
  readonly microseconds: number
}

export interface BlockedState extends Wait {
  request: BlockedRequest | undefined
  readonly database: Database
  readonly timer: Timer | undefined
}

/**
 * Clients that wait for keys, first come first served per key. Keys that became ready while a
 * command or transaction ran are looked at when it has ended.
 */
export class Blocking {
  readonly #clock: Clock
  readonly #queues = new Map<Database, Map<string, Set<Client>>>()
  #ready: { database: Database; key: string }[] = []
  #blockedClients = 0
  #watchingRemoval = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get blockedClients(): number {
    return this.#blockedClients
  }

  get hasReady(): boolean {
    return this.#ready.length > 0
  }

  readonly keyReady = (database: Database, key: string): void => {
    const last = this.#ready[this.#ready.length - 1]
    if (last?.key === key && last.database === database) return
    this.#ready.push({ database, key })
  }

  block(client: Client, wait: Wait): void {
    const { database } = client
    const timer =
      wait.timeoutMs > 0
        ? this.#clock.setTimer(() => this.#timeOut(client), wait.timeoutMs)
        : undefined
    client.blocked = {
      keys: wait.keys,
      timeoutMs: wait.timeoutMs,
      serve: wait.serve,
      timedOut: wait.timedOut,
      watchesRemoval: wait.watchesRemoval === true,
      isUnblockable: wait.isUnblockable === true,
      request: undefined,
      database,
      timer,
    }
    this.#blockedClients += 1
    if (wait.watchesRemoval) this.#watchingRemoval += 1
    let queues = this.#queues.get(database)
    if (queues === undefined) {
      queues = new Map()
      this.#queues.set(database, queues)
    }
    for (const key of wait.keys) {
      const queue = queues.get(key)
      if (queue === undefined) queues.set(key, new Set([client]))
      else queue.add(client)
      database.awaited.add(key)
    }
  }

  /** Takes the client out of every queue. It answers nothing by itself. */
  release(client: Client): void {
    const state = client.blocked
    if (state === undefined) return
    client.blocked = undefined
    this.#blockedClients -= 1
    if (state.watchesRemoval) this.#watchingRemoval -= 1
    state.timer?.cancel()
    const queues = this.#queues.get(state.database)
    for (const key of state.keys) {
      const queue = queues?.get(key)
      queue?.delete(client)
      if (queue?.size === 0) {
        queues?.delete(key)
        state.database.awaited.delete(key)
      }
    }
  }

  /** Serves those who wait for keys that became ready, and for keys that serving made ready. */
  serveReady(): void {
    while (this.#ready.length > 0) {
      const ready = this.#ready
      this.#ready = []
      for (const { database, key } of ready) {
        const queue = this.#queues.get(database)?.get(key)
        if (queue === undefined) continue
        for (const client of [...queue]) {
          const state = client.blocked
          if (!database.has(key)) {
            if (this.#watchingRemoval === 0) break
            if (!state?.watchesRemoval) continue
          }
          if (state === undefined || !this.#serve(client, state, key)) continue
          this.release(client)
          client.transport.flush()
          client.transport.resume()
        }
      }
    }
  }

  /** Ends a wait for something that is no key: with this answer. */
  answer(client: Client, write: () => void): void {
    const state = client.blocked
    this.release(client)
    const { statistics } = client.server
    const { errors } = statistics
    write()
    if (state?.request !== undefined) {
      this.onServed?.(client, state.request, 0, statistics.errors > errors)
    }
    client.transport.flush()
    client.transport.resume()
    client.server.endOfTurn()
  }

  /** Ends the wait as if its time were up, or with an error. False when it does not wait. */
  unblock(client: Client, error?: string): boolean {
    const state = client.blocked
    if (state === undefined) return false
    this.release(client)
    if (error === undefined) state.timedOut()
    else client.reply.error(error)
    if (state.request !== undefined) this.onServed?.(client, state.request, 0, error !== undefined)
    client.transport.flush()
    client.transport.resume()
    return true
  }

  #serve(client: Client, state: BlockedState, key: string): boolean {
    const { statistics, clock, downstream } = client.server
    const since = clock.monotonic()
    const { errors } = statistics
    const before = downstream.changes
    const isServed = state.serve(key)
    if (downstream.isOn) downstream.cover(before)
    if (!isServed) return false
    if (state.request !== undefined) {
      const microseconds = (clock.monotonic() - since) * 1000
      this.onServed?.(client, state.request, microseconds, statistics.errors > errors)
    }
    return true
  }

  #timeOut(client: Client): void {
    this.unblock(client)
    this.onTimeout?.()
  }

  /** Called when a command that waited has its answer. */
  onServed:
    | ((client: Client, request: BlockedRequest, microseconds: number, isFailed: boolean) => void)
    | undefined

  /** Called after a wait ended by its timer, outside of any command. */
  onTimeout: (() => void) | undefined
}
