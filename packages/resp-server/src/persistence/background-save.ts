import { ReplyError } from '../errors.ts'
import type { ServerContext } from '../server/context.ts'

/** BGSAVE: everything on disk, and a backup where a folder for backups is set. One at a time. */
export class BackgroundSave {
  hasFailed = false
  /** How long the last one took; -1 before the first. */
  lastSeconds = -1
  readonly #server: ServerContext
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined

  constructor(server: ServerContext) {
    this.#server = server
  }

  get isUnderWay(): boolean {
    return this.#running !== undefined
  }

  /** Throws a ReplyError where it cannot begin; how it ends is in INFO and in the log. */
  begin(): void {
    if (!this.#server.durability.isPersistent) {
      throw new ReplyError('ERR nothing to save to: appendonly is no')
    }
    if (this.isUnderWay) throw new ReplyError('ERR Background save already in progress')
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the server is closing'))
    await this.#running
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { clock, logger, durability, settings } = this.#server
    const since = clock.monotonic()
    try {
      await this.#server.save()
      const { backupDir, backupKeep } = settings
      if (backupDir !== '') {
        const { signal } = this.#closing
        const { id, copiedBytes } = await durability.backup(backupDir, backupKeep, signal)
        logger.info('a backup was made', { folder: backupDir, id, copiedBytes })
      }
      this.hasFailed = false
    } catch (error) {
      this.hasFailed = true
      logger.error('background save failed', { error: String(error) })
    }
    this.lastSeconds = Math.round((clock.monotonic() - since) / 1000)
  }
}
