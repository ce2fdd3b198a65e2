import type { Clock } from '@ashlar/codec'
import { KvCore } from '../kv/kv-core.ts'
import type { ResolvedKvOptions } from '../kv/kv-options.ts'
import { LogCore } from '../log/log-core.ts'
import type { ResolvedLogOptions } from '../log/log-options.ts'
import type { Message } from '../message/message.ts'
import { assertSubject, INBOX_TOKEN } from '../message/subject.ts'
import type { HubStorage } from './hub-storage.ts'
import { deliver, type Route, Router } from './router.ts'

/** Answers go to `_INBOX.<connection>.<request>`. */
export const INBOX_PREFIX: string = `${INBOX_TOKEN}.`

/** The route of all answers: not by subscriptions but by the connection in the subject. */
const INBOX_ROUTE: Route = { all: [], groups: [] }

/** A connection as the sender of an answer sees it. */
export interface InboxOwner {
  /** False when nobody waits for it (any more). */
  receiveAnswer(message: Message): boolean
  /** The hub closes. */
  onHubClosed(): Promise<void>
}

/** An in-process network and its store: what all connections of one hub share. */
export class HubCore {
  readonly clock: Clock
  readonly router: Router = new Router()
  readonly logs: Map<string, LogCore> = new Map()
  readonly buckets: Map<string, KvCore> = new Map()
  readonly storage: HubStorage
  /** Answers find their connection by its number. */
  readonly #inboxes = new Map<number, InboxOwner>()
  #lastConnection = 0

  constructor(clock: Clock, storage: HubStorage) {
    this.clock = clock
    this.storage = storage
    for (const kept of storage.logs) {
      this.logs.set(kept.name, new LogCore(kept.name, kept.options, kept.storage, clock))
    }
    for (const kept of storage.buckets) {
      this.buckets.set(kept.name, new KvCore(kept.name, kept.options, kept.storage, clock))
    }
  }

  get connections(): number {
    return this.#inboxes.size
  }

  attach(owner: InboxOwner): number {
    this.#lastConnection += 1
    this.#inboxes.set(this.#lastConnection, owner)
    return this.#lastConnection
  }

  detach(connection: number): void {
    this.#inboxes.delete(connection)
  }

  /** Where a subject goes. Throws `SUBJECT_INVALID`; a subject in use is not checked again. */
  route(subject: string): Route {
    const known = this.router.find(subject)
    if (known !== undefined) return known
    assertSubject(subject)
    return subject.startsWith(INBOX_PREFIX) ? INBOX_ROUTE : this.router.resolve(subject)
  }

  /** Where an answer goes; its subject was checked with the request. */
  routeOfAnswer(reply: string): Route {
    return reply.startsWith(INBOX_PREFIX) ? INBOX_ROUTE : this.route(reply)
  }

  /** Delivers to those subscribed at this moment; tells to how many. */
  send(message: Message, route: Route): number {
    return route === INBOX_ROUTE ? this.#sendAnswer(message) : deliver(route, message)
  }

  createLog(name: string, options: ResolvedLogOptions): LogCore {
    const storage = this.storage.createLog(name, options)
    const log = new LogCore(name, options, storage, this.clock)
    this.logs.set(name, log)
    return log
  }

  createBucket(name: string, options: ResolvedKvOptions): KvCore {
    const storage = this.storage.createBucket(name, options)
    const bucket = new KvCore(name, options, storage, this.clock)
    this.buckets.set(name, bucket)
    return bucket
  }

  async closeConnections(): Promise<void> {
    await Promise.all([...this.#inboxes.values()].map((owner) => owner.onHubClosed()))
  }

  /** Ends the timers of everything it holds; what is kept stays. */
  close(): void {
    for (const log of this.logs.values()) log.close()
    for (const bucket of this.buckets.values()) bucket.log.close()
  }

  /** Delivers an answer to the connection that its subject names. */
  #sendAnswer(message: Message): number {
    const start = INBOX_PREFIX.length
    const connection = Number(message.subject.slice(start, message.subject.indexOf('.', start)))
    return this.#inboxes.get(connection)?.receiveAnswer(message) ? 1 : 0
  }
}
