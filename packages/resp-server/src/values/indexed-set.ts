import { IndexedKeys } from './indexed-keys.ts'

/** Keys alone: a set takes no room for values, and looks at none. */
export class IndexedSet extends IndexedKeys {
  /** For a key that is not there. */
  add(key: string): void {
    this.append(key)
  }
}
