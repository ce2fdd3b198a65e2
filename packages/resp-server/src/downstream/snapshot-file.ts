import { createReadStream, type ReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportFrozen } from '../rdb/export-frozen.ts'
import { exportRdb, type RdbContents } from '../rdb/move-data.ts'
import type { ServerContext } from '../server/context.ts'

let made = 0

/** An RDB file of one moment, for as long as somebody is sent it. */
export class SnapshotFile {
  /** What is sent behind it begins here. */
  readonly offset: number
  /** The size, when it is whole. */
  readonly written: Promise<number>
  readonly #path: string
  readonly #stop: AbortController
  #users = 0

  private constructor(
    path: string,
    offset: number,
    written: Promise<number>,
    stop: AbortController,
  ) {
    this.#path = path
    this.offset = offset
    this.written = written
    this.#stop = stop
    // those who are to be sent it hear of a failure; there may be none any more
    written.catch(() => {})
  }

  /**
   * As everything is at this moment. With a store it is written while others are served; without one
   * nothing else runs meanwhile, and errors of the disk are thrown.
   */
  static take(server: ServerContext, offset: number, contents: RdbContents = 'all'): SnapshotFile {
    const { durability, settings, runId, modules } = server
    made += 1
    const path = durability.isPersistent
      ? join(settings.dir, `ashlar-resp.snapshot-${made}`)
      : join(tmpdir(), `ashlar-resp.snapshot-${runId}-${made}`)
    const stop = new AbortController()
    const frozen = contents === 'all' ? durability.freeze(modules.types) : undefined
    const written =
      frozen === undefined
        ? Promise.resolve(exportRdb(server, path, contents))
        : exportFrozen(server, frozen, path, stop.signal)
    return new SnapshotFile(path, offset, written, stop)
  }

  get isUsed(): boolean {
    return this.#users > 0
  }

  use(): void {
    this.#users += 1
  }

  /** The last one who does not need it any more ends it, and removes what there is. */
  async release(): Promise<void> {
    this.#users -= 1
    if (this.#users > 0) return
    this.#stop.abort(new Error('nobody waits for the snapshot'))
    await this.written.catch(() => {})
    await rm(this.#path, { force: true })
  }

  read(): ReadStream {
    return createReadStream(this.#path)
  }
}
