import { Readable } from 'node:stream'
import type { ServerContext } from '../server/context.ts'
import type { Replica } from './replica.ts'
import type { Words } from './rewrite.ts'
import type { SnapshotFile } from './snapshot-file.ts'
import { StreamLog } from './stream-log.ts'

/** Read ahead of a socket, per replica. */
const AHEAD_BYTES = 64 * 1024

/** How often a replica hears that its snapshot is on the way, and what. */
const ALIVE_MS = 1000
const ALIVE = Buffer.from('\n')

/** Bytes that must not leave before the changes up to a ticket are durable. */
interface Held {
  readonly end: number
  readonly ticket: number
}

/** One history: its bytes, how far they may leave, and the replicas' way through them. */
export class Feed {
  readonly id: string
  readonly log: StreamLog
  readonly #server: ServerContext
  /** Database that the commands before the end go to. */
  #selected = -1
  /** Offset up to which what is told of is as safe as the settings promise. */
  #released: number
  readonly #held: Held[] = []
  #isEnding = false

  constructor(server: ServerContext, id: string, start: number) {
    this.#server = server
    this.id = id
    this.log = new StreamLog(start)
    this.#released = start
  }

  /** `database` -1: a command that goes to none. */
  append(database: number, words: Words): void {
    if (database !== -1 && database !== this.#selected) {
      this.#selected = database
      this.log.append(['SELECT', String(database)])
    }
    this.log.append(words)
  }

  /** Somebody will go on from here who does not know which database is selected. */
  selectAnew(): void {
    this.#selected = -1
  }

  /** Everything so far is with the operating system. */
  written(): void {
    const { settings, durability } = this.#server
    const { end } = this.log
    if (settings.appendfsync === 'always' && durability.issued > durability.durable) {
      this.#held.push({ end, ticket: durability.issued })
    } else {
      this.#held.length = 0
      this.#released = end
    }
  }

  /** True when more may leave now that more is durable. */
  release(): boolean {
    const { durable } = this.#server.durability
    let count = 0
    for (const { end, ticket } of this.#held) {
      if (ticket > durable) break
      this.#released = end
      count += 1
    }
    this.#held.splice(0, count)
    return count > 0
  }

  /** Forgets what nobody needs: replicas on their way, and those who may come back. */
  trim(replicas: Iterable<Replica>, pinned: number | undefined): void {
    let keep = this.log.end - this.#server.settings.replBacklogSize
    if (pinned !== undefined && pinned < keep) keep = pinned
    for (const { position } of replicas) if (position < keep) keep = position
    this.log.forget(keep)
  }

  /** Replicas are sent the rest and no more. */
  end(): void {
    this.#isEnding = true
  }

  async sendAll(replica: Replica, snapshot: SnapshotFile): Promise<void> {
    let isHeld = true
    const release = async (): Promise<void> => {
      if (isHeld) await snapshot.release()
      isHeld = false
    }
    try {
      await this.#settled()
      if (replica.isGone) return
      await this.#deliver(replica, '', this.#whole(replica, snapshot, release))
    } finally {
      await release()
    }
  }

  async goOn(replica: Replica, line: string): Promise<void> {
    await this.#settled()
    if (!replica.isGone) await this.#deliver(replica, line)
  }

  /** What replies on this connection told of has left: what comes next may not overtake them. */
  async #settled(): Promise<void> {
    const { durability } = this.#server
    if (durability.isPersistent) await this.#server.save()
    else await new Promise<void>((resolve) => setImmediate(resolve))
  }

  async #deliver(replica: Replica, head: string, snapshot?: AsyncIterable<Buffer>): Promise<void> {
    const content = Readable.from(this.#content(replica, snapshot), {
      objectMode: false,
      highWaterMark: AHEAD_BYTES,
    })
    await replica.client.transport.deliver?.(head, content)
  }

  /** The snapshot, which nobody needs any more then; while it is written, signs of life. */
  async *#whole(
    replica: Replica,
    snapshot: SnapshotFile,
    release: () => Promise<void>,
  ): AsyncGenerator<Buffer> {
    const { clock } = this.#server
    let outcome: { readonly bytes: number } | { readonly error: unknown } | undefined
    snapshot.written
      .then(
        (bytes) => {
          outcome = { bytes }
        },
        (error: unknown) => {
          outcome = { error }
        },
      )
      .finally(() => replica.wake())
    let saidAt = clock.monotonic()
    while (outcome === undefined) {
      await replica.sleep()
      if (replica.isGone) return
      if (outcome !== undefined || clock.monotonic() - saidAt < ALIVE_MS) continue
      saidAt = clock.monotonic()
      yield ALIVE
    }
    const found: { readonly bytes: number } | { readonly error: unknown } = outcome
    if ('error' in found) throw found.error
    replica.state = 'send_bulk'
    yield Buffer.from(`$${found.bytes}\r\n`)
    yield* snapshot.read()
    await release()
  }

  async *#content(replica: Replica, snapshot?: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    if (snapshot !== undefined) yield* snapshot
    if (replica.isGone) return
    replica.state = 'online'
    replica.heardAt = this.#server.clock.monotonic()
    while (!replica.isGone) {
      const bytes = this.log.read(replica.position, this.#released)
      if (bytes !== undefined) {
        replica.position += bytes.length
        yield bytes
      } else if (this.#isEnding) return
      else await replica.sleep()
    }
  }
}
