import { createReadStream, type ReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportRdb, type RdbContents } from '../rdb/move-data.ts'
import type { ServerContext } from '../server/context.ts'

let made = 0

/** An RDB file for as long as somebody is sent it. */
export class SnapshotFile {
  readonly bytes: number
  /** What is sent behind it begins here. */
  readonly offset: number
  readonly #path: string
  #users = 0

  private constructor(path: string, bytes: number, offset: number) {
    this.#path = path
    this.bytes = bytes
    this.offset = offset
  }

  /** As everything is at this moment; nothing else runs meanwhile. */
  static take(server: ServerContext, offset: number, contents: RdbContents = 'all'): SnapshotFile {
    const { durability, settings, runId } = server
    made += 1
    const path = durability.isPersistent
      ? join(settings.dir, `ashlar-resp.snapshot-${made}`)
      : join(tmpdir(), `ashlar-resp.snapshot-${runId}-${made}`)
    return new SnapshotFile(path, exportRdb(server, path, contents), offset)
  }

  get isUsed(): boolean {
    return this.#users > 0
  }

  use(): void {
    this.#users += 1
  }

  /** The last one who does not need it any more removes it. */
  async release(): Promise<void> {
    this.#users -= 1
    if (this.#users === 0) await rm(this.#path, { force: true })
  }

  read(): ReadStream {
    return createReadStream(this.#path)
  }
}
