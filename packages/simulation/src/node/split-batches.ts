import type { Batch, Bytes, Operation, Store } from '@ashlar/lsm-store'
import type { Simulation } from '../world/simulation.ts'

/** After so long the second half of a batch follows. */
const GAP_MS = 3

/** A store that writes batches in two halves: broken on purpose, to prove that checks notice. */
export function splitBatches(store: Store, world: Simulation): Store {
  const write: Store['write'] = async (batch, options) => {
    const operations = batch instanceof RecordedBatch ? batch.operations : (batch as Operation[])
    const half = Math.ceil(operations.length / 2)
    const first = await store.write(operations.slice(0, half), options)
    if (half === operations.length) return first
    await world.sleep(GAP_MS)
    return await store.write(operations.slice(half), options)
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write
      if (name === 'batch') return () => new RecordedBatch()
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

class RecordedBatch implements Batch {
  operations: Operation[] = []

  get size(): number {
    return this.operations.length
  }

  get byteLength(): number {
    return this.operations.length * 64
  }

  put(...[key, value, target]: Parameters<Batch['put']>): this {
    this.operations.push({ type: 'put', key: copy(key), value: copy(value), ...target })
    return this
  }

  delete(...[key, target]: Parameters<Batch['delete']>): this {
    this.operations.push({ type: 'delete', key: copy(key), ...target })
    return this
  }

  merge(...[key, value, target]: Parameters<Batch['merge']>): this {
    this.operations.push({ type: 'merge', key: copy(key), value: copy(value), ...target })
    return this
  }

  deleteRange(...[range, target]: Parameters<Batch['deleteRange']>): this {
    this.operations.push({ type: 'deleteRange', ...range, ...target })
    return this
  }

  clear(): this {
    this.operations = []
    return this
  }
}

function copy(bytes: Bytes): Bytes {
  return typeof bytes === 'string' ? bytes : bytes.slice()
}
