import type { Bytes } from '../protocol/reply.ts'
import { writeLatin1 } from '../values/latin1.ts'

const BLOCK_BYTES = 64 * 1024

interface Block {
  /** Offset of its first byte. */
  readonly start: number
  readonly bytes: Buffer
  length: number
}

/**
 * The latest bytes of what replicas are sent, by their offset in all of it. Each is held once, however
 * many replicas are still to be sent it.
 */
export class StreamLog {
  readonly #blocks: Block[] = []
  #end: number

  constructor(start: number) {
    this.#end = start
  }

  /** Offset behind the last byte. */
  get end(): number {
    return this.#end
  }

  /** Offset of the oldest byte that is still there. */
  get start(): number {
    return this.#blocks[0]?.start ?? this.#end
  }

  /** Adds a command as replicas expect it. */
  append(words: readonly Bytes[]): void {
    let text = `*${words.length}\r\n`
    for (const word of words) {
      if (typeof word === 'string') text += `$${word.length}\r\n${word}\r\n`
      else {
        this.#write(`${text}$${word.length}\r\n`)
        this.#write(word)
        text = '\r\n'
      }
    }
    this.#write(text)
  }

  /** Bytes from an offset on, some of them: undefined when there are none before `until`. */
  read(from: number, until: number): Buffer | undefined {
    if (from >= until) return undefined
    const block = this.#blocks[this.#find(from)] as Block
    const at = from - block.start
    if (at < 0) throw new RangeError(`offset ${from} is forgotten: ${block.start} is the first`)
    return block.bytes.subarray(at, Math.min(block.length, until - block.start))
  }

  /** Lets go of what stands before an offset, as far as whole blocks do. */
  forget(before: number): void {
    let count = 0
    for (const { start, length } of this.#blocks) {
      // what comes next is written into the last one
      if (start + length > before || count === this.#blocks.length - 1) break
      count += 1
    }
    if (count > 0) this.#blocks.splice(0, count)
  }

  /** Index of the block that holds an offset. */
  #find(offset: number): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#blocks[middle] as Block).start <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #write(content: Bytes): void {
    const { length } = content
    const last = this.#blocks.at(-1)
    const isRoom = last !== undefined && last.bytes.length - last.length >= length
    const block = isRoom ? last : this.#extend(length)
    if (typeof content === 'string') writeLatin1(block.bytes, content, block.length)
    else content.copy(block.bytes, block.length)
    block.length += length
    this.#end += length
  }

  #extend(length: number): Block {
    const bytes = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, length))
    const block = { start: this.#end, bytes, length: 0 }
    this.#blocks.push(block)
    return block
  }
}
