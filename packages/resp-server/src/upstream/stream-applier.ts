import type { Client, QueuedCommand } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import { acceptsCount } from '../commands/command-table.ts'
import { Database } from '../keyspace/database.ts'
import type { Bytes } from '../protocol/reply.ts'
import { RequestParser } from '../protocol/request-parser.ts'
import type { ServerContext } from '../server/context.ts'
import { createStreamClient } from './stream-client.ts'
import type { Offset } from './upstream-record.ts'

/** As large as Redis sends them, whatever clients may send here. */
const MAX_BULK_BYTES = 512 * 1024 * 1024
const LOGGED_ERRORS = 10

export interface StreamApplierOptions {
  readonly server: ServerContext
  readonly from: Offset
  /** The primary wants to hear how far this server is. */
  readonly onAsked: () => void
}

/** A command, or the database of those behind it: a transaction may go from one to another. */
type Step = QueuedCommand | Database

/**
 * Runs the commands that a primary sends or a log holds, and knows how far they go. A transaction counts from its
 * beginning until all of it has come: nothing of one that was cut off is run.
 */
export class StreamApplier {
  /** Commands that this server answered with an error, which the primary did not. */
  errors = 0
  readonly #server: ServerContext
  readonly #onAsked: () => void
  readonly #client: Client
  readonly #parser = new RequestParser(MAX_BULK_BYTES)
  readonly #id: string
  /** Offset of the first byte that the parser was ever fed. */
  #received: number
  #transaction: Step[] | undefined
  #applied: number

  constructor(options: StreamApplierOptions) {
    const { server, from } = options
    this.#server = server
    this.#onAsked = options.onAsked
    this.#client = createStreamClient(server, (line) => this.#failed(line))
    this.#id = from.id
    this.#received = from.bytes
    this.#applied = from.bytes
    this.#run(this.#database(from.database))
  }

  /** Everything up to here is run. */
  get offset(): Offset {
    return { id: this.#id, bytes: this.#applied, database: this.#client.database.index }
  }

  /** Runs what is complete. Throws for what this server cannot run: it would hold something else. */
  receive(chunk: Buffer): void {
    const parser = this.#parser
    const { keyspace, downstream } = this.#server
    parser.feed(chunk, chunk.length)
    this.#received += chunk.length
    keyspace.refreshTime()
    keyspace.obeys = true
    try {
      for (;;) {
        const request = parser.next()
        if (request === undefined) break
        if (request.length > 0) this.#take(request)
        if (this.#transaction !== undefined) continue
        this.#applied = this.#received - parser.pendingBytes
        if (downstream.isOn) downstream.endOfUnit()
      }
      parser.keep()
    } finally {
      keyspace.obeys = false
    }
  }

  #take(request: readonly Bytes[]): void {
    const name = text(request[0] as Bytes).toLowerCase()
    if (name === 'replconf') this.#onAsked()
    // annotations of a log file begin with a #
    else if (name === 'ping' || name.startsWith('#')) return
    else if (name === 'multi') this.#transaction = []
    else if (name === 'exec') {
      const steps = this.#transaction ?? []
      this.#transaction = undefined
      for (const step of steps) this.#run(step)
    } else {
      const step =
        name === 'select'
          ? this.#database(Number(text(request[1] as Bytes)))
          : { command: this.#find(name, request), args: request }
      if (this.#transaction === undefined) this.#run(step)
      else this.#transaction.push(step)
    }
  }

  #run(step: Step): void {
    if (step instanceof Database) this.#client.database = step
    else this.#server.call(this.#client, step)
  }

  #find(name: string, request: readonly Bytes[]): Command {
    const found = this.#server.commands.find(name)
    const isParent = found?.subcommands !== undefined && request.length > 1
    const command = isParent
      ? found.subcommands?.get(text(request[1] as Bytes).toLowerCase())
      : found
    if (command === undefined || !acceptsCount(command, request.length)) {
      throw new Error(`a command that is not known here: ${name}`)
    }
    return command
  }

  #database(index: number): Database {
    const database = this.#server.keyspace.databases[index]
    if (database === undefined) {
      throw new Error(`database ${index} is used: set 'databases' to more than that here`)
    }
    return database
  }

  #failed(line: string): void {
    this.errors += 1
    if (this.errors > LOGGED_ERRORS) return
    this.#server.logger.error('a command of the followed server fails here', { error: line })
  }
}

const text = (bytes: Bytes): string =>
  typeof bytes === 'string' ? bytes : bytes.toString('latin1')
