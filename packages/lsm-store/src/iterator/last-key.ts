import { rangeEquals } from '../bytes/compare.ts'
import { copyRange } from '../bytes/copy.ts'
import type { Cursor } from './cursor.ts'

/** The key that an iterator dealt with last: a copy, since its cursor moves on. */
export class LastKey {
  #bytes: Uint8Array = new Uint8Array(64)
  /** -1: there is none. */
  #length = -1

  clear(): void {
    this.#length = -1
  }

  set({ key, keyStart, keyEnd }: Cursor): void {
    this.#write(key, keyStart, keyEnd - keyStart, 0)
  }

  is({ key, keyStart, keyEnd }: Cursor): boolean {
    return rangeEquals(key, keyStart, keyEnd, this.#bytes, this.#length)
  }

  /** True when the cursor has another key, which it then is; what both share is not copied. */
  isNew({ key, keyStart, keyEnd }: Cursor): boolean {
    const length = keyEnd - keyStart
    const bytes = this.#bytes
    const most = Math.min(length, this.#length)
    let shared = 0
    while (shared < most && bytes[shared] === key[keyStart + shared]) shared += 1
    if (shared === length && length === this.#length) return false
    this.#write(key, keyStart, length, shared)
    return true
  }

  #write(key: Uint8Array, start: number, length: number, from: number): void {
    const fits = length <= this.#bytes.length
    if (!fits) this.#bytes = new Uint8Array(length * 2)
    const bytes = this.#bytes
    for (let i = fits ? from : 0; i < length; i++) bytes[i] = key[start + i] as number
    this.#length = length
  }

  /** A copy without its first `skip` bytes. */
  copy(skip: number): Uint8Array {
    return copyRange(this.#bytes, skip, this.#length)
  }
}
