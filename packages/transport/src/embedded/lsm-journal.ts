import type { ResolvedConsumeOptions } from '../log/log-options.ts'
import type {
  ConsumerJournal,
  KeptConsumer,
  KeptMessageId,
  KeptPosition,
  LogJournal,
} from '../log/log-storage.ts'
import { decodeJson, encodeJson } from './json.ts'
import {
  encodeSequence,
  kindKey,
  namedPrefix,
  namedSequenceKey,
  nameKey,
  nameOf,
  readSequence,
  SEQUENCE_BYTES,
  sequenceOf,
} from './keys.ts'
import type { StoreWriter } from './store-writer.ts'

const EMPTY = new Uint8Array(0)

/** What a log in the store knows besides its records. */
export class LsmLogJournal implements LogJournal {
  readonly messageIds: readonly KeptMessageId[]
  readonly consumers: readonly KeptConsumer[]
  readonly #writer: StoreWriter
  readonly #scope: number
  readonly #onDestroy: () => void

  constructor(writer: StoreWriter, scope: number, onDestroy: () => void) {
    this.#writer = writer
    this.#scope = scope
    this.#onDestroy = onDestroy
    this.messageIds = this.#readMessageIds()
    this.consumers = this.#readConsumers()
  }

  rememberId({ id, sequence, atMs }: KeptMessageId): void {
    const value = new Uint8Array(SEQUENCE_BYTES + 8)
    value.set(encodeSequence(sequence))
    new DataView(value.buffer).setFloat64(SEQUENCE_BYTES, atMs)
    this.#writer.put(nameKey(this.#scope, 'd', id), value)
  }

  forgetId(id: string): void {
    this.#writer.delete(nameKey(this.#scope, 'd', id))
  }

  createConsumer(
    durable: string,
    options: ResolvedConsumeOptions,
    position: KeptPosition,
  ): ConsumerJournal {
    this.#writer.put(nameKey(this.#scope, 'c', durable), encodeJson(options))
    this.#writer.put(nameKey(this.#scope, 'f', durable), encodeSequence(position.floor))
    return new LsmConsumerJournal(this.#writer, this.#scope, durable, position)
  }

  destroy(): void {
    this.#onDestroy()
  }

  #readMessageIds(): KeptMessageId[] {
    const found: KeptMessageId[] = []
    using iterator = this.#writer.store.iterator({ prefix: kindKey(this.#scope, 'd') })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const [key, value] = entry
      const atMs = new DataView(value.buffer, value.byteOffset).getFloat64(SEQUENCE_BYTES)
      found.push({ id: nameOf(key), sequence: readSequence(value, 0), atMs })
    }
    return found.sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence)
  }

  #readConsumers(): KeptConsumer[] {
    const found: KeptConsumer[] = []
    using iterator = this.#writer.store.iterator({ prefix: kindKey(this.#scope, 'c') })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const durable = nameOf(entry[0])
      const options = decodeJson<ResolvedConsumeOptions>(entry[1])
      const position = readPosition(this.#writer, this.#scope, durable)
      const journal = new LsmConsumerJournal(this.#writer, this.#scope, durable, position)
      found.push({ durable, options, journal })
    }
    return found
  }
}

function readPosition(writer: StoreWriter, scope: number, durable: string): KeptPosition {
  const { store } = writer
  const value = store.getSync(nameKey(scope, 'f', durable))
  const floor = value === undefined ? 0 : readSequence(value, 0)
  const settled = new Set<number>()
  using marks = store.iterator({ prefix: namedPrefix(scope, 'a', durable), keysOnly: true })
  for (let entry = marks.nextSync(); entry !== undefined; entry = marks.nextSync()) {
    settled.add(sequenceOf(entry[0]))
  }
  const deliveries = new Map<number, number>()
  using counts = store.iterator({ prefix: namedPrefix(scope, 'p', durable) })
  for (let entry = counts.nextSync(); entry !== undefined; entry = counts.nextSync()) {
    const view = new DataView(entry[1].buffer, entry[1].byteOffset)
    deliveries.set(sequenceOf(entry[0]), view.getUint32(0))
  }
  return { floor, settled, deliveries }
}

/** The position of one durable in the store: a floor, marks above it, counts of deliveries. */
class LsmConsumerJournal implements ConsumerJournal {
  readonly kept: KeptPosition
  readonly #writer: StoreWriter
  readonly #scope: number
  readonly #durable: string
  readonly #marks: Set<number>
  readonly #counted: Set<number>
  #floor: number

  constructor(writer: StoreWriter, scope: number, durable: string, kept: KeptPosition) {
    this.kept = kept
    this.#writer = writer
    this.#scope = scope
    this.#durable = durable
    this.#floor = kept.floor
    this.#marks = new Set(kept.settled)
    this.#counted = new Set(kept.deliveries.keys())
  }

  settled(sequence: number, floor: number): void {
    if (this.#counted.delete(sequence)) this.#writer.delete(this.#key('p', sequence))
    if (sequence > floor) {
      this.#marks.add(sequence)
      this.#writer.put(this.#key('a', sequence), EMPTY)
    }
    if (floor === this.#floor) return
    this.#floor = floor
    this.#writer.onFlush(this.#writeFloor)
  }

  delivered(sequence: number, deliveries: number): void {
    const value = new Uint8Array(4)
    new DataView(value.buffer).setUint32(0, deliveries)
    this.#counted.add(sequence)
    this.#writer.put(this.#key('p', sequence), value)
  }

  destroy(): void {
    for (const sequence of this.#marks) this.#writer.delete(this.#key('a', sequence))
    for (const sequence of this.#counted) this.#writer.delete(this.#key('p', sequence))
    this.#writer.delete(nameKey(this.#scope, 'c', this.#durable))
    this.#writer.delete(nameKey(this.#scope, 'f', this.#durable))
  }

  readonly #writeFloor = (): void => {
    this.#writer.put(nameKey(this.#scope, 'f', this.#durable), encodeSequence(this.#floor))
    for (const sequence of this.#marks) {
      if (sequence > this.#floor) continue
      this.#marks.delete(sequence)
      this.#writer.delete(this.#key('a', sequence))
    }
  }

  #key(kind: 'a' | 'p', sequence: number): Uint8Array {
    return namedSequenceKey(this.#scope, kind, this.#durable, sequence)
  }
}
