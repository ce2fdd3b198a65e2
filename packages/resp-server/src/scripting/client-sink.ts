import type { Client } from '../clients/client.ts'
import type { ReplySink } from '../lua/index.ts'
import type { Reply } from '../protocol/reply.ts'

/** Sends what a script returned to its caller, as the caller's protocol shows it. */
export class ClientSink implements ReplySink {
  readonly #client: Client
  readonly #reply: Reply

  constructor(client: Client) {
    this.#client = client
    this.#reply = client.reply
  }

  null(): void {
    this.#reply.null()
  }

  boolean(value: boolean): void {
    this.#reply.boolean(value)
  }

  integer(value: number | bigint): void {
    this.#reply.integer(value)
  }

  bulk(bytes: string): void {
    this.#reply.bulk(bytes)
  }

  status(text: string): void {
    this.#reply.simple(text)
  }

  error(text: string, isCounted: boolean): void {
    this.#client.hasFailed = true
    this.#reply.error(text, isCounted)
  }

  double(value: number): void {
    this.#reply.double(value)
  }

  bigNumber(digits: string): void {
    this.#reply.bigNumber(digits)
  }

  verbatim(format: string, bytes: string): void {
    this.#reply.verbatim(bytes, format)
  }

  array(length: number): void {
    this.#reply.array(length)
  }

  map(length: number): void {
    this.#reply.map(length)
  }

  set(length: number): void {
    this.#reply.set(length)
  }
}
