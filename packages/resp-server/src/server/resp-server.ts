import { type ServerMetrics, takeMetrics } from '../observe/metrics.ts'
import type { RespValue } from '../protocol/value-writer.ts'
import { exportRdb, type ImportedRdb, importRdb } from '../rdb/move-data.ts'
import type { CommandArgument, ExecuteOptions, InProcessClient } from './in-process.ts'
import type { ServerCore } from './server.ts'

/** A running server. */
export class RespServer {
  readonly #core: ServerCore
  #client: InProcessClient | undefined

  /** @internal use {@link createServer} */
  constructor(core: ServerCore) {
    this.#core = core
  }

  /** Where clients connect: undefined parts are not listened on. */
  get address(): {
    readonly host?: string
    readonly port?: number
    /** Of encrypted connections. */
    readonly tlsPort?: number
    readonly path?: string
  } {
    const { settings, port, tlsPort } = this.#core
    return {
      ...((port !== 0 || tlsPort !== 0) && { host: settings.bind[0] as string }),
      ...(port !== 0 && { port }),
      ...(tlsPort !== 0 && { tlsPort }),
      ...(settings.unixsocket !== '' && { path: settings.unixsocket }),
    }
  }

  /** Runs a command on a session that the server keeps for these calls. See InProcessClient. */
  execute(args: readonly CommandArgument[], options?: ExecuteOptions): Promise<RespValue> {
    this.#client ??= this.createClient()
    return this.#client.execute(args, options)
  }

  /** A session of its own, for transactions, subscriptions and blocking commands. */
  createClient(): InProcessClient {
    return this.#core.createClient()
  }

  /**
   * Sets every key and function library of an RDB file of Redis 2.6 to 7.4, over what has the same
   * name. Durable when it resolves. Clients are served in between, and see it come in.
   *
   * Rejects with RespServerError `RDB_INVALID` when the file is damaged or cannot be read: the keys
   * that stood before the damage are set then.
   */
  importRdb(path: string): Promise<ImportedRdb> {
    return importRdb(this.#core, path)
  }

  /**
   * Writes everything to an RDB file that Redis 7.0 and later load, as it is at this moment: like
   * Redis' SAVE it runs to the end before anything else does. The file is there whole or not at
   * all. Answers its size in bytes; throws the error of the file system.
   */
  exportRdb(path: string): number {
    return exportRdb(this.#core, path)
  }

  /** What the server has done and holds, at this moment: for `formatPrometheus` and for your own. */
  metrics(): ServerMetrics {
    return takeMetrics(this.#core)
  }

  /** Accepts no more, lets clients take their replies, makes everything durable, and ends. */
  close(): Promise<void> {
    return this.#core.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
