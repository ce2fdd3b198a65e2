import type { Clock, Timer } from '@ashlar/codec'
import { isTransportError, type KeyValue, type KvEntry } from '@ashlar/transport'
import { isPassing } from '../replica/log-writer.ts'
import { memberKey } from './names.ts'
import { watchBucket } from './watch-bucket.ts'

/** Signs of life within the time after which silence counts as death. */
const BEATS = 3
/** A record that did not change for so many of these times is removed by whoever notices. */
const BURIAL = 20
const PREFIX = 'member.'

/** What a member says of itself. */
interface MemberRecord {
  readonly worker: boolean
  /** Partitions that it cannot work on. */
  readonly refused: readonly number[]
  /** It wants to be told what happens on all members. */
  readonly watching?: boolean
}

interface Seen {
  readonly record: MemberRecord
  readonly revision: number
  /** On our own monotonic clock: wall clocks are never compared. */
  readonly at: number
}

export interface MembershipOptions {
  readonly kv: KeyValue
  readonly id: string
  readonly worker: boolean
  /**
   * Silence for so long counts as death. A mistake does no harm: what the member has stays its own
   * until its leases are over.
   */
  readonly silenceMs: number
  readonly clock: Clock
  /** Somebody came, went, or refuses something else than before. */
  readonly onChange: () => void
  readonly onError: (error: unknown) => void
}

/** Who is alive: each member writes a sign of life now and then, and watches those of the others. */
export class Membership {
  readonly #options: MembershipOptions
  readonly #seen = new Map<string, Seen>()
  readonly #refused = new Set<number>()
  readonly #stop = new AbortController()
  #beat: Timer | undefined
  #writing: Promise<void> = Promise.resolve()
  #known = ''
  #watching = false
  #watched = false

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  /** Resolves when this member is known, and knows the others. */
  async start(): Promise<void> {
    const { kv, clock, onError } = this.#options
    await this.#write()
    await watchBucket({
      kv,
      key: `${PREFIX}*`,
      clock,
      signal: this.#stop.signal,
      onEntry: (entry) => this.#see(entry),
      onError,
    })
    this.#arm()
  }

  /** Ids of those who run tasks, in order. */
  workers(): string[] {
    return this.#alive(({ worker }) => worker)
  }

  /**
   * Who may have a partition: those who can run its tasks, or, where there is none, all: so that tasks
   * are taken, shown and cancelled while nobody runs them.
   */
  candidates(partition: number): string[] {
    const able = this.#alive(({ worker, refused }) => worker && !refused.includes(partition))
    return able.length > 0 ? able : this.#alive(({ worker }) => !worker)
  }

  /** Tells the others whether this member can work on a partition. */
  async setRefused(partition: number, refused: boolean): Promise<void> {
    if (refused === this.#refused.has(partition)) return
    if (refused) this.#refused.add(partition)
    else this.#refused.delete(partition)
    await this.#write()
  }

  /** Whether another member wants to be told what happens. */
  get isWatched(): boolean {
    return this.#watched
  }

  /** Tells the others whether this member wants to be told what happens on them. */
  async setWatching(watching: boolean): Promise<void> {
    if (watching === this.#watching) return
    this.#watching = watching
    await this.#write()
  }

  /** The others need not wait until this member shows no life any more. */
  async leave(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    this.#beat?.cancel()
    await this.#writing
    try {
      await this.#options.kv.delete(memberKey(this.#options.id))
    } catch (error) {
      this.#report(error)
    }
  }

  /** Whoever asks is alive, even where it cannot be heard. */
  #alive(isOne: (record: MemberRecord) => boolean): string[] {
    const { clock, silenceMs, id: own } = this.#options
    const now = clock.monotonic()
    const ids: string[] = []
    for (const [id, { record, at }] of this.#seen) {
      if (isOne(record) && (id === own || now - at < silenceMs)) ids.push(id)
    }
    return ids.sort()
  }

  #arm(): void {
    const { clock, silenceMs } = this.#options
    this.#beat = clock.setTimer(() => {
      if (this.#stop.signal.aborted) return
      this.#arm()
      void this.#write()
      this.#bury()
      this.#compare()
    }, silenceMs / BEATS)
  }

  /** Never rejects: the next sign of life says all. */
  #write(): Promise<void> {
    const { kv, id, worker } = this.#options
    this.#writing = this.#writing.then(async () => {
      if (this.#stop.signal.aborted) return
      const watching = this.#watching && { watching: true }
      const record: MemberRecord = { worker, refused: [...this.#refused], ...watching }
      try {
        await kv.put(memberKey(id), Buffer.from(JSON.stringify(record)))
      } catch (error) {
        this.#report(error)
      }
    })
    return this.#writing
  }

  #see({ key, revision, operation, value }: KvEntry): void {
    const id = key.slice(PREFIX.length)
    const known = this.#seen.get(id)
    if (known !== undefined && known.revision >= revision) return
    if (operation === 'delete') this.#seen.delete(id)
    else {
      const record = JSON.parse(Buffer.from(value).toString()) as MemberRecord
      this.#seen.set(id, { record, revision, at: this.#options.clock.monotonic() })
    }
    this.#compare()
  }

  #compare(): void {
    const all = this.#alive(() => true)
    const now = all.map((id) => `${id}:${JSON.stringify(this.#seen.get(id)?.record)}`)
    const known = now.join(' ')
    if (known === this.#known) return
    this.#known = known
    const watching = this.#alive(({ watching: is }) => is === true)
    this.#watched = watching.some((id) => id !== this.#options.id)
    this.#options.onChange()
  }

  #bury(): void {
    const { kv, id: own, clock, silenceMs } = this.#options
    const now = clock.monotonic()
    for (const [id, { revision, at }] of this.#seen) {
      if (id === own || now - at < silenceMs * BURIAL) continue
      this.#seen.delete(id)
      kv.delete(memberKey(id), { revision }).catch((error: unknown) => {
        if (!isTransportError(error, 'KV_CONFLICT')) this.#report(error)
      })
    }
  }

  #report(error: unknown): void {
    if (!this.#stop.signal.aborted && !isPassing(error)) this.#options.onError(error)
  }
}
