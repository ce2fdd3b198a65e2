import type {
  AppendOptions,
  AppendResult,
  ConsumeOptions,
  Consumer,
  ConsumerInfo,
  Delivery,
  Log,
  LogInfo,
  LogMessage,
  Payload,
  PurgeOptions,
  ReadOptions,
} from '@ashlar/transport'
import type { Remote, RemoteChild } from './remote.ts'
import { untilAborted } from './remote-key-value.ts'

/** A log on the server, as a node sees it. */
export class RemoteLog implements Log {
  readonly #remote: Remote
  readonly #log: Log

  constructor(remote: Remote, log: Log) {
    this.#remote = remote
    this.#log = log
  }

  get name(): string {
    return this.#log.name
  }

  append(subject: string, payload: Payload, options?: AppendOptions): Promise<AppendResult> {
    return this.#remote.write(`append ${subject}`, () =>
      this.#log.append(subject, payload, options),
    )
  }

  async consume(options: ConsumeOptions = {}): Promise<Consumer> {
    this.#remote.assertAccepting()
    const consumer = await this.#remote.write('consume', () => this.#log.consume(options))
    return new RemoteConsumer(this.#remote, consumer, options.signal)
  }

  read(options: ReadOptions = {}): AsyncIterable<LogMessage> {
    const items = this.#remote.iterate('read', () => this.#log.read(options), false)
    return options.signal === undefined ? items : untilAborted(items, options.signal)
  }

  last(subject: string): Promise<LogMessage | undefined> {
    return this.#remote.read(`last ${subject}`, () => this.#log.last(subject))
  }

  info(): Promise<LogInfo> {
    return this.#remote.read('info', () => this.#log.info())
  }

  purge(options?: PurgeOptions): Promise<number> {
    return this.#remote.write('purge', () => this.#log.purge(options))
  }

  deleteConsumer(durable: string): Promise<boolean> {
    return this.#remote.write('deleteConsumer', () => this.#log.deleteConsumer(durable))
  }

  destroy(): Promise<void> {
    return this.#remote.write('destroy', () => this.#log.destroy())
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** A consumer on the server: asked for one message at a time. */
class RemoteConsumer implements Consumer, AsyncIterator<Delivery, undefined>, RemoteChild {
  readonly #remote: Remote
  readonly #consumer: Consumer
  readonly #deliveries: AsyncIterator<Delivery>
  #busy = false
  #drained: PromiseWithResolvers<void> | undefined
  #ended = false

  constructor(remote: Remote, consumer: Consumer, signal: AbortSignal | undefined) {
    this.#remote = remote
    this.#consumer = consumer
    const deliveries = remote.iterate('delivery', () => consumer, true)
    this.#deliveries = signal === undefined ? deliveries : untilAborted(deliveries, signal)
    remote.adopt(this)
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery, undefined> {
    return this
  }

  async next(): Promise<IteratorResult<Delivery, undefined>> {
    this.#busy = false
    if (this.#drained !== undefined) await this.close()
    if (this.#ended) return DONE
    const item = await this.#deliveries.next()
    if (item.done === true) {
      this.end()
      return DONE
    }
    this.#busy = true
    return { done: false, value: remoteDelivery(this.#remote, item.value) }
  }

  async return(): Promise<IteratorResult<Delivery, undefined>> {
    await this.close()
    return DONE
  }

  info(): Promise<ConsumerInfo> {
    return this.#remote.read('consumer info', () => this.#consumer.info())
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.end()
    await this.#deliveries.return?.()
    this.#remote.tell('close consumer', () => void this.#consumer.close())
  }

  async drain(): Promise<void> {
    if (!this.#busy) return await this.close()
    this.#drained ??= Promise.withResolvers()
    await this.#drained.promise
  }

  end(): void {
    this.#ended = true
    this.#remote.release(this)
    this.#drained?.resolve()
  }
}

function remoteDelivery(remote: Remote, delivery: Delivery): Delivery {
  const { subject, payload, headers, sequence, timestampMs, deliveries } = delivery
  return {
    subject,
    payload,
    headers,
    sequence,
    timestampMs,
    deliveries,
    ack: () => remote.write(`ack ${sequence}`, () => delivery.ack()),
    nak: (options) => {
      if (options?.delayMs !== undefined && !(options.delayMs >= 0)) {
        throw new RangeError(`delayMs must be at least 0, got ${options.delayMs}`)
      }
      remote.tell(`nak ${sequence}`, () => delivery.nak(options))
    },
    inProgress: () => remote.tell(`in progress ${sequence}`, () => delivery.inProgress()),
    terminate: () => remote.tell(`terminate ${sequence}`, () => delivery.terminate()),
  }
}
