import { gateOf } from '../replication/lone-gate.ts'
import type { ServerContext } from '../server/context.ts'
import { UpstreamGate } from './upstream-gate.ts'
import { UpstreamLink } from './upstream-link.ts'
import {
  decodeUpstream,
  encodeUpstream,
  type Offset,
  type UpstreamRecord,
} from './upstream-record.ts'

/** Between two tries; longer and longer while they come to nothing. */
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 30_000
const UNBLOCKED =
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'

/**
 * The server of Redis' protocol that this one follows, if any: a snapshot, then every command that
 * it runs. How far this server came is written in the same batch as what it tells of, so after a
 * restart it goes on from there, and runs nothing twice. It follows until it is told otherwise.
 */
export class Upstream {
  /** Why the last connection ended; empty while none has. */
  lastError = ''
  readonly #server: ServerContext
  readonly #gate: UpstreamGate
  #record: UpstreamRecord | undefined
  #link: UpstreamLink | undefined
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(server: ServerContext) {
    this.#server = server
    this.#gate = new UpstreamGate(this, server)
  }

  get isFollowing(): boolean {
    return this.#record !== undefined
  }

  get record(): UpstreamRecord | undefined {
    return this.#record
  }

  get link(): UpstreamLink | undefined {
    return this.#link
  }

  get isLinkUp(): boolean {
    return this.#link?.state === 'connected'
  }

  /** How far this server is in the history of the other. */
  get offset(): Offset | undefined {
    return this.#link?.offset ?? this.#record?.offset
  }

  /** False while a copy is made. */
  get isWhole(): boolean {
    return this.#record?.isPartial !== true
  }

  /** Whom to follow from the start: as configured, or else as before the restart. */
  recover(): void {
    const { settings, durability } = this.#server
    const stored =
      durability.upstream === undefined ? undefined : decodeUpstream(durability.upstream)
    const [host, port] = settings.replicaof.split(' ')
    if (settings.replicaof === '') this.#record = stored
    else {
      const { offset, isPartial = false } = stored ?? {}
      this.#record = { host: host as string, port: Number(port), offset, isPartial }
    }
    if (this.#record !== undefined) this.#becomeReplica(this.#record)
  }

  /** Begins to connect. */
  start(): void {
    const record = this.#record
    if (record === undefined) return
    this.#stop = new AbortController()
    this.#running = this.#run(this.#stop.signal)
  }

  /** False when this server follows that one already. */
  follow(host: string, port: number): boolean {
    const before = this.#record
    if (before?.host === host && before.port === port) return false
    this.#stop.abort(new Error('it follows another server'))
    // one that shares the history of the other can go on from the same place
    const { offset, isPartial = false } = before ?? {}
    this.#becomeReplica({ host, port, offset, isPartial })
    this.start()
    return true
  }

  /** From here on this server takes writes of its own. A copy that never became whole is dropped. */
  followNobody(): void {
    const record = this.#record
    if (record === undefined) return
    const { keyspace, settings, logger, modules } = this.#server
    this.#stop.abort(new Error('it follows nobody'))
    if (record.isPartial) this.#empty()
    this.#record = undefined
    this.#server.gate = gateOf(this.#server)
    settings.replicaof = ''
    keyspace.changes.upstreamChanged(undefined)
    keyspace.holdsExpired = false
    keyspace.scheduleExpiry()
    modules.roleChanged()
    logger.info('this server follows nobody any more', { host: record.host, port: record.port })
  }

  relieve(): void {
    this.#link?.relieve()
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the server is closing'))
    await this.#running
  }

  #becomeReplica(record: UpstreamRecord): void {
    const { keyspace, settings, clients, blocking, logger, modules } = this.#server
    const { host, port } = record
    settings.replicaof = `${host} ${port}`
    this.#server.gate = this.#gate
    keyspace.holdsExpired = true
    for (const client of clients.all()) blocking.unblock(client, UNBLOCKED)
    this.#note(record)
    modules.roleChanged()
    logger.info('this server follows another', { host, port })
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    const before = this.#running
    await before
    let retryMs = FIRST_RETRY_MS
    while (!signal.aborted) {
      const from = this.#record?.offset
      const reason = await this.#connect(signal)
      if (signal.aborted) return
      const isProgress = this.#record?.offset?.bytes !== from?.bytes
      retryMs = isProgress ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS)
      const { host, port } = this.#record ?? {}
      this.#server.logger.warn('the followed server is not reached', {
        host,
        port,
        reason,
        retryMs,
      })
      this.lastError = reason
      await this.#pause(retryMs, signal)
    }
  }

  /** One connection to its end; answers why it ended. */
  async #connect(signal: AbortSignal): Promise<string> {
    const { host, port, offset } = this.#record as UpstreamRecord
    try {
      const link = new UpstreamLink({
        server: this.#server,
        host,
        port,
        signal,
        offset,
        onSnapshot: () => {
          this.#note({ host, port, isPartial: true })
          this.#empty()
        },
        onProgress: (progress: Offset) => {
          if (!signal.aborted) this.#note({ host, port, offset: progress, isPartial: false })
        },
      })
      this.#link = link
      return await link.run()
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      this.#link = undefined
    }
  }

  /** Kept with the next commit. */
  #note(record: UpstreamRecord): void {
    this.#record = record
    this.#server.keyspace.changes.upstreamChanged(encodeUpstream(record))
  }

  #empty(): void {
    const { keyspace, scripting } = this.#server
    keyspace.flush(keyspace.databases)
    scripting.libraries.flush()
    this.#server.endOfWork()
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#server.clock.setTimer(resolve, milliseconds)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    timer.cancel()
  }
}
