import type { Clock, Logger } from '@ashlar/codec'
import type { Transport } from '@ashlar/transport'
import { RespServerError } from '../errors.ts'
import type { ModuleRegistry } from '../modules/module-registry.ts'
import { lacking } from '../modules/module-versions.ts'
import { type Block, decodeBlock } from './block.ts'
import { type FeedReply, type FeedRequest, replies, requests } from './feed-messages.ts'
import type { FollowerStore } from './follower-store.ts'
import type { Member } from './member.ts'
import type { Timeline } from './replication-state.ts'

const REQUEST_TIMEOUT_MS = 3000
const RETRY_MS = 200
/** A store refuses batches of more than 512 MiB; a block has little beyond one. */
const MAX_BLOCK_BYTES = 640 * 1024 * 1024

export interface FollowerLinkOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly logger: Logger
  /** Where the primary listens. */
  readonly subject: string
  readonly self: Member
  readonly store: FollowerStore
  /** Epoch of the primary: what comes from an older one is refused. */
  readonly epoch: number
  readonly modules: ModuleRegistry
  /** A block was applied, or the link went up or down. */
  readonly onProgress: () => void
}

export type LinkState = 'connecting' | 'sync' | 'connected'

/** A follower's side: asks the primary for changes, one block after the other, and applies them. */
export class FollowerLink {
  readonly #options: FollowerLinkOptions
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  state: LinkState = 'connecting'
  /** Monotonic time of the primary's last answer. */
  lastHeard: number
  /** Why it could not follow last; empty while it follows. */
  lastError = ''

  constructor(options: FollowerLinkOptions) {
    this.#options = options
    this.lastHeard = options.clock.monotonic()
    this.#done = this.#run()
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('this server no longer follows'))
    await this.#done
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { logger, clock } = this.#options
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow()
      } catch (error) {
        if (!this.#stop.signal.aborted) {
          this.lastError = error instanceof Error ? error.message : String(error)
          logger.warn('the primary cannot be followed', { error: String(error) })
        }
      }
      this.#become('connecting')
      if (this.#stop.signal.aborted) return
      await new Promise<void>((resolve) => {
        const timer = clock.setTimer(resolve, RETRY_MS)
        this.#stop.signal.addEventListener('abort', () => {
          timer.cancel()
          resolve()
        })
      })
    }
  }

  async #follow(): Promise<void> {
    const { self, store, epoch, logger, modules } = this.#options
    const { timeline, sequence } = store.position
    const needsNames = modules.changes.hasListeners
    const opened = await this.#ask({
      do: 'open',
      ...self,
      timeline,
      sequence,
      isComplete: store.isComplete && !store.needsSnapshot,
      needsNames,
    })
    if (opened.is !== 'open') return
    const lack = lacking(modules.versions, opened.modules)
    if (lack !== undefined) throw new RespServerError('REPLICATION_INVALID', lack)
    if (opened.isNamed !== true && modules.changes.hasListeners) {
      // somebody has begun to listen just now: asks again
      if (!needsNames) return
      const message = 'the primary is of a version that names no changed keys, which modules need'
      throw new RespServerError('REPLICATION_INVALID', message)
    }
    if (opened.timeline.epoch < epoch) {
      throw new RespServerError(
        'REPLICATION_INVALID',
        `a primary of epoch ${opened.timeline.epoch} answered, this is epoch ${epoch}`,
      )
    }
    this.lastError = ''
    store.open(opened.isNamed === true)
    logger.info('following', { subject: this.#options.subject, full: opened.isFull })
    if (opened.isFull) {
      this.#become('sync')
      await store.beginSnapshot()
    } else this.#become('connected')
    await this.#applyBlocks(opened.session, opened.timeline)
  }

  async #applyBlocks(session: string, timeline: Timeline): Promise<void> {
    const { store, onProgress } = this.#options
    for (let number = 1; !this.#isOver; number += 1) {
      const block = await this.#block(session, number, timeline)
      if (block === undefined) return
      await store.apply(timeline, block)
      if (block.kind === 'end') this.#become('connected')
      onProgress()
    }
  }

  /** Nothing more is wanted of the session. */
  get #isOver(): boolean {
    return this.#stop.signal.aborted || this.#options.store.needsSnapshot
  }

  /** Undefined when the session has ended. */
  async #block(session: string, number: number, timeline: Timeline): Promise<Block | undefined> {
    let bytes: Buffer | undefined
    let offset = 0
    while (!this.#isOver) {
      const { node } = this.#options.self
      const { position } = this.#options.store
      const applied = position.timeline.id === timeline.id ? position.sequence : 0
      const reply = await this.#ask({ do: 'next', node, session, block: number, offset, applied })
      if (reply.is === 'idle') continue
      if (reply.is !== 'part') return undefined
      if (reply.total > MAX_BLOCK_BYTES || offset + reply.bytes.length > reply.total) {
        throw new RespServerError('REPLICATION_INVALID', `a block of ${reply.total} bytes`)
      }
      bytes ??= Buffer.allocUnsafeSlow(reply.total)
      if (bytes.length !== reply.total || reply.bytes.length === 0) {
        throw new RespServerError('REPLICATION_INVALID', 'the parts of a block do not fit')
      }
      bytes.set(reply.bytes, offset)
      offset += reply.bytes.length
      if (offset === reply.total) return decodeBlock(bytes)
    }
    return undefined
  }

  async #ask(request: FeedRequest): Promise<FeedReply> {
    const { transport, subject, clock } = this.#options
    const { signal } = this.#stop
    const options = { timeoutMs: REQUEST_TIMEOUT_MS, signal }
    const { payload } = await transport.request(subject, requests.encode(request), options)
    this.lastHeard = clock.monotonic()
    return replies.decode(payload)
  }

  #become(state: LinkState): void {
    if (this.state === state) return
    this.state = state
    this.#options.onProgress()
  }
}
