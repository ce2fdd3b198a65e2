import assert from 'node:assert/strict'
import {
  type Consumer,
  type Delivery,
  isTransportError,
  type Log,
  type Transport,
} from '@ashlar/transport'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (payload: Uint8Array): string => new TextDecoder().decode(payload)

/** What one client knows of its appends: what was acknowledged, and what it never heard of. */
export interface Ledger {
  /** Sequence by id. */
  readonly acknowledged: ReadonlyMap<string, number>
  /** How often an answer was lost and the append repeated under its id. */
  readonly unknown: number
  /** How often it was said that nothing had happened. */
  readonly refused: number
}

/** Appends under load from several writers until told to stop; each id until it is acknowledged. */
export class Writers {
  readonly acknowledged = new Map<string, number>()
  unknown = 0
  refused = 0
  readonly #log: Log
  readonly #working: Promise<void>[]
  #stopping = false
  #next = 0

  constructor(log: Log, subject: string, count = 8) {
    this.#log = log
    this.#working = Array.from({ length: count }, () => this.#write(subject))
  }

  /** Resolves when so many more were acknowledged. */
  async progress(more: number): Promise<void> {
    const target = this.acknowledged.size + more
    const reached = async (): Promise<void> => {
      while (this.acknowledged.size < target) await pause()
    }
    await Promise.race([reached(), Promise.all(this.#working)])
  }

  /** Ends after what is under way; every id is acknowledged then. */
  async stop(): Promise<Ledger> {
    this.#stopping = true
    await Promise.all(this.#working)
    return this
  }

  async #write(subject: string): Promise<void> {
    while (!this.#stopping) {
      this.#next += 1
      await this.#append(subject, `id-${this.#next}`)
    }
  }

  async #append(subject: string, id: string): Promise<void> {
    for (;;) {
      try {
        const { sequence } = await this.#log.append(subject, bytes(id), { messageId: id })
        this.acknowledged.set(id, sequence)
        // A steady load rather than all that the server can take: it is all read again.
        await pause()
        return
      } catch (error) {
        if (isTransportError(error, 'UNKNOWN_OUTCOME')) this.unknown += 1
        else if (isTransportError(error, 'DISCONNECTED')) this.refused += 1
        else throw error
        await pause()
      }
    }
  }
}

/** Consumes by a durable, acknowledging each, until it has everything that is asked for. */
export class Workers {
  /** Deliveries by id. */
  readonly seen = new Map<string, number>()
  /** Ids whose acknowledgement was confirmed, and delivered again afterwards: must stay empty. */
  readonly again: string[] = []
  readonly #confirmed = new Set<string>()
  readonly #working: Promise<void>
  readonly #stop = new AbortController()
  readonly #failed = Promise.withResolvers<never>()

  constructor(log: Log, durable: string) {
    this.#working = this.#work(log, durable)
  }

  async until(ids: Iterable<string>): Promise<void> {
    const failed = this.#working.then(() => assert.fail('the iteration ended'))
    const all = async (): Promise<void> => {
      for (const id of ids) while (!this.#confirmed.has(id)) await pause()
    }
    await Promise.race([all(), failed, this.#failed.promise])
    // From here on the end is wanted.
    failed.catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#working
  }

  async #work(log: Log, durable: string): Promise<void> {
    const { signal } = this.#stop
    const consumer = await open(log, durable, signal)
    for await (const delivery of consumer) {
      const id = text(delivery.payload)
      this.seen.set(id, (this.seen.get(id) ?? 0) + 1)
      if (this.#confirmed.has(id)) this.again.push(id)
      this.#acknowledge(delivery, id).catch((error: unknown) => this.#failed.reject(error))
    }
  }

  /** Repeats an acknowledgement whose answer was lost: it may have been recorded or not. */
  async #acknowledge(delivery: Delivery, id: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await delivery.ack()
        this.#confirmed.add(id)
        return
      } catch (error) {
        if (!isTransportError(error)) throw error
        await pause()
      }
    }
  }
}

/** Fails unless the log holds exactly what was acknowledged, each once and where it was said to be. */
export async function assertComplete(transport: Transport, name: string, ledger: Ledger) {
  const log = await transport.log(name)
  const found = new Map<string, number>()
  for await (const { payload, sequence } of log.read()) {
    const id = text(payload)
    assert.equal(found.has(id), false, `${id} is there twice`)
    found.set(id, sequence)
  }
  for (const [id, sequence] of ledger.acknowledged) {
    assert.equal(found.get(id), sequence, `${id} was acknowledged as ${sequence}`)
  }
  assert.equal(found.size, ledger.acknowledged.size)
}

/** Opens the durable, again where the answer was lost. */
async function open(log: Log, durable: string, signal: AbortSignal): Promise<Consumer> {
  for (;;) {
    try {
      return await log.consume({ durable, ackWaitMs: 1_000, signal })
    } catch (error) {
      if (!isTransportError(error)) throw error
      await pause()
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}
