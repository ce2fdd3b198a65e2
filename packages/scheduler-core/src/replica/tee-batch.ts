import type { Batch } from '@ashlar/lsm-store'
import { OperationWriter } from './log-entry.ts'

type Bytes = string | Uint8Array

/** A batch of the local store that also notes its operations as the log takes them. */
export class TeeBatch implements Batch {
  readonly inner: Batch
  readonly operations: OperationWriter = new OperationWriter()
  readonly #prefixLength: number

  /** Keys lose their prefix in the log: where a replica stands is its own affair. */
  constructor(inner: Batch, prefixLength: number) {
    this.inner = inner
    this.#prefixLength = prefixLength
  }

  get size(): number {
    return this.inner.size
  }

  get byteLength(): number {
    return this.inner.byteLength
  }

  put(key: Bytes, value: Bytes): this {
    const [keyBytes, valueBytes] = [bytesOf(key), bytesOf(value)]
    this.inner.put(keyBytes, valueBytes)
    this.operations.put(keyBytes.subarray(this.#prefixLength), valueBytes)
    return this
  }

  delete(key: Bytes): this {
    const bytes = bytesOf(key)
    this.inner.delete(bytes)
    this.operations.delete(bytes.subarray(this.#prefixLength))
    return this
  }

  merge(): this {
    throw new RangeError('the log of a partition has no merges')
  }

  deleteRange(): this {
    throw new RangeError('the log of a partition has no deletes of ranges')
  }

  clear(): this {
    this.inner.clear()
    this.operations.clear()
    return this
  }
}

function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes
}
