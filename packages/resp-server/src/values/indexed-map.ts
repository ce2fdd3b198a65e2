import { IndexedKeys, ORDERED_UP_TO } from './indexed-keys.ts'
import { stringBytes } from './string-bytes.ts'

const weigh = (value: unknown): number =>
  typeof value === 'string' ? stringBytes(value.length) : 0

/** A value beside each of the keys, at the same place. */
export class IndexedMap<V> extends IndexedKeys {
  readonly values: V[] = []

  get(key: string): V | undefined {
    const slot = this.slot(key)
    return slot === -1 ? undefined : this.values[slot]
  }

  /** True when the key is new. */
  set(key: string, value: V): boolean {
    const slot = this.slot(key)
    if (slot === -1) this.add(key, value)
    else this.replace(slot, value)
    return slot === -1
  }

  /** For a key that is not there. */
  add(key: string, value: V): void {
    this.append(key)
    this.values.push(value)
    this.bytes += weigh(value)
  }

  replace(slot: number, value: V): void {
    this.bytes += weigh(value) - weigh(this.values[slot])
    this.values[slot] = value
  }

  protected override removeAt(key: string, slot: number): void {
    const { values } = this
    this.bytes -= weigh(values[slot])
    if (values.length <= ORDERED_UP_TO) values.splice(slot, 1)
    else {
      const last = values.pop() as V
      if (slot < values.length) values[slot] = last
    }
    super.removeAt(key, slot)
  }
}
