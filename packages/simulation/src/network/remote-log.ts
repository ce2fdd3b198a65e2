import type {
  AppendOptions,
  AppendResult,
  ConsumeOptions,
  Consumer,
  Delivery,
  Log,
  LogInfo,
  LogMessage,
  Payload,
  PurgeOptions,
  ReadOptions,
} from '@ashlar/transport'
import type { Remote } from './remote.ts'
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
    const consumer = await this.#remote.write('consume', () => this.#log.consume(options))
    const deliveries = this.#remote.iterate('delivery', () => consumer, true)
    const { signal } = options
    const iterator = signal === undefined ? deliveries : untilAborted(deliveries, signal)
    const remote = this.#remote
    return {
      info: () => remote.read('consumer info', () => consumer.info()),
      close: async () => {
        await iterator.return?.()
        remote.tell('close consumer', () => void consumer.close())
      },
      async *[Symbol.asyncIterator]() {
        for await (const delivery of iterator) yield remoteDelivery(remote, delivery)
      },
    }
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
    nak: (options) => remote.tell(`nak ${sequence}`, () => delivery.nak(options)),
    inProgress: () => remote.tell(`in progress ${sequence}`, () => delivery.inProgress()),
    terminate: () => remote.tell(`terminate ${sequence}`, () => delivery.terminate()),
  }
}
