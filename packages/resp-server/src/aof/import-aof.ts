import { type FileHandle, open } from 'node:fs/promises'
import { RespServerError } from '../errors.ts'
import { importPreamble, settled } from '../rdb/move-data.ts'
import { RDB_MAGIC } from '../rdb/rdb-source.ts'
import type { ServerContext } from '../server/context.ts'
import { StreamApplier } from '../upstream/stream-applier.ts'
import type { AofFiles } from './manifest.ts'

const CHUNK_BYTES = 256 * 1024
/** What is committed between two times that it is made durable. */
const BYTES_BETWEEN_SAVES = 16 * 1024 * 1024

export interface ImportedAof {
  /** Commands that ended in an error, which they did not when they were logged. */
  readonly errors: number
  /** Bytes left out at the end of the last file: a command or transaction that was cut off. */
  readonly truncatedBytes: number
}

/**
 * Runs the log of a redis-server into the empty server, as redis-server does when it starts: nothing
 * expires meanwhile, and a transaction that was cut off is left out. Durable when it resolves.
 *
 * Rejects with AOF_INVALID where a file is damaged, cannot be read, holds what this server does not
 * know, or ends within a command: only the last one may, unless `aof-load-truncated` is no.
 */
export async function importAof(server: ServerContext, files: AofFiles): Promise<ImportedAof> {
  let errors = 0
  let truncatedBytes = 0
  for (const [at, path] of files.entries()) {
    const mayEndEarly = at === files.length - 1 && server.settings.aofLoadTruncated
    try {
      await using file = await open(path)
      const log = new LogFile(server, path, file)
      await log.run()
      errors += log.errors
      truncatedBytes = log.cutOff
    } catch (cause) {
      throw invalid(path, String(cause), cause)
    }
    if (truncatedBytes > 0 && !mayEndEarly) {
      throw invalid(path, `it ends ${truncatedBytes} bytes into a command or transaction`)
    }
  }
  await settled(server)
  return { errors, truncatedBytes }
}

const invalid = (path: string, reason: string, cause?: unknown): RespServerError =>
  new RespServerError('AOF_INVALID', `${path} cannot be imported: ${reason}`, { cause })

/** One file: commands, behind a snapshot if it begins with one. */
class LogFile {
  /** Bytes at its end that are no whole command. */
  cutOff = 0
  readonly #server: ServerContext
  readonly #path: string
  readonly #file: FileHandle
  #applier: StreamApplier | undefined

  constructor(server: ServerContext, path: string, file: FileHandle) {
    this.#server = server
    this.#path = path
    this.#file = file
  }

  get errors(): number {
    return this.#applier?.errors ?? 0
  }

  async run(): Promise<void> {
    const server = this.#server
    const start = await this.#snapshotEnd()
    const from = { id: '', bytes: start, database: 0 }
    const applier = new StreamApplier({ server, from, onAsked: () => {} })
    this.#applier = applier
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    let at = start
    let savedAt = start
    for (;;) {
      const { bytesRead } = await this.#file.read(chunk, 0, CHUNK_BYTES, at)
      if (bytesRead === 0) break
      at += bytesRead
      applier.receive(chunk.subarray(0, bytesRead))
      server.endOfWork()
      if (at - savedAt < BYTES_BETWEEN_SAVES) continue
      await settled(server)
      savedAt = at
    }
    this.cutOff = at - applier.offset.bytes
  }

  /** Where the commands begin. */
  async #snapshotEnd(): Promise<number> {
    const head = Buffer.alloc(RDB_MAGIC.length)
    await this.#file.read(head, 0, head.length, 0)
    return head.toString('latin1') === RDB_MAGIC
      ? await importPreamble(this.#server, this.#path)
      : 0
  }
}
