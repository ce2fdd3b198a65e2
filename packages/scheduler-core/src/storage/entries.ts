import type { Store } from '@ashlar/lsm-store'
import type { KeyBounds } from './layout.ts'

/** Every entry in a range, read now. */
export function* entries(store: Store, bounds: KeyBounds): Generator<[Uint8Array, Uint8Array]> {
  using iterator = store.iterator(bounds)
  for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
    yield entry
  }
}
