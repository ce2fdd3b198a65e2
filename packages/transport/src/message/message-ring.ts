import type { Message } from './message.ts'

const INITIAL_SLOTS = 16

/**
 * A first-in first-out ring of messages, bounded in count and payload bytes. When full, adding
 * drops the oldest and counts it; the newest message is always kept, whatever its size.
 */
export class MessageRing {
  #slots: (Message | undefined)[] = createSlots(INITIAL_SLOTS)
  #head = 0
  #length = 0
  #bytes = 0
  #dropped = 0
  readonly #maxLength: number
  readonly #maxBytes: number

  constructor(maxLength: number, maxBytes: number) {
    this.#maxLength = maxLength
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#length
  }

  get dropped(): number {
    return this.#dropped
  }

  push(message: Message): void {
    const bytes = message.payload.byteLength
    while (
      this.#length > 0 &&
      (this.#length >= this.#maxLength || this.#bytes + bytes > this.#maxBytes)
    ) {
      this.shift()
      this.#dropped += 1
    }
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = message
    this.#length += 1
    this.#bytes += bytes
  }

  shift(): Message | undefined {
    if (this.#length === 0) return undefined
    const message = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length -= 1
    if (message !== undefined) this.#bytes -= message.payload.byteLength
    return message
  }

  clear(): void {
    this.#slots = createSlots(INITIAL_SLOTS)
    this.#head = 0
    this.#length = 0
    this.#bytes = 0
  }

  #grow(): void {
    const grown = createSlots(this.#slots.length * 2)
    for (let index = 0; index < this.#length; index += 1) {
      grown[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)]
    }
    this.#slots = grown
    this.#head = 0
  }
}

function createSlots(count: number): (Message | undefined)[] {
  return Array.from({ length: count }, () => undefined)
}
