import type { Operation, Store } from '@ashlar/lsm-store'

/** A store that never writes below a prefix: broken on purpose, to prove that checks notice. */
export function forgetKeys(store: Store, prefix: string): Store {
  const isForgotten = (operation: Operation): boolean =>
    operation.type === 'put' && Buffer.from(operation.key).toString('latin1').startsWith(prefix)
  const write: Store['write'] = async (batch, options) => {
    if (!Array.isArray(batch)) return await store.write(batch, options)
    const operations = (batch as readonly Operation[]).filter((one) => !isForgotten(one))
    return await store.write(operations, options)
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
