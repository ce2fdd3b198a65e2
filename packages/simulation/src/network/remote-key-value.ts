import type { KeyValue, KvEntry, KvWatchOptions, Payload } from '@ashlar/transport'
import type { Remote } from './remote.ts'

/** A bucket on the server, as a node sees it. */
export class RemoteKeyValue implements KeyValue {
  readonly #remote: Remote
  readonly #kv: KeyValue

  constructor(remote: Remote, kv: KeyValue) {
    this.#remote = remote
    this.#kv = kv
  }

  get bucket(): string {
    return this.#kv.bucket
  }

  get(key: string): Promise<KvEntry | undefined> {
    return this.#remote.read(`get ${key}`, () => this.#kv.get(key))
  }

  put(key: string, value: Payload): Promise<number> {
    return this.#remote.write(`put ${key}`, () => this.#kv.put(key, value))
  }

  create(key: string, value: Payload): Promise<number> {
    return this.#remote.write(`create ${key}`, () => this.#kv.create(key, value))
  }

  update(key: string, value: Payload, revision: number): Promise<number> {
    return this.#remote.write(`update ${key} ${revision}`, () =>
      this.#kv.update(key, value, revision),
    )
  }

  delete(key: string, options?: { readonly revision?: number | undefined }): Promise<void> {
    return this.#remote.write(`delete ${key}`, () => this.#kv.delete(key, options))
  }

  keys(filter?: string): AsyncIterable<string> {
    return this.#remote.iterate('keys', () => this.#kv.keys(filter), false)
  }

  watch(options: KvWatchOptions = {}): AsyncIterable<KvEntry> {
    const { signal, ...rest } = options
    if (rest.history === true && rest.updatesOnly === true) {
      throw new TypeError('history and updatesOnly exclude each other')
    }
    const items = this.#remote.iterate('watch', () => this.#kv.watch({ ...rest, signal }), false)
    if (signal === undefined) return items
    return untilAborted(items, signal)
  }

  history(key: string): AsyncIterable<KvEntry> {
    return this.#remote.iterate('history', () => this.#kv.history(key), false)
  }

  purgeDeletes(options?: { readonly olderThanMs?: number | undefined }): Promise<number> {
    return this.#remote.write('purgeDeletes', () => this.#kv.purgeDeletes(options))
  }

  destroy(): Promise<void> {
    return this.#remote.write('destroy', () => this.#kv.destroy())
  }
}

/** Ends at once when the caller aborts, however cut off the server is. */
export function untilAborted<T>(
  items: AsyncIterableIterator<T>,
  signal: AbortSignal,
): AsyncIterableIterator<T> {
  const ended: IteratorReturnResult<undefined> = { done: true, value: undefined }
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          items.return?.().catch(reject)
          resolve(ended)
        }
        if (signal.aborted) return stop()
        signal.addEventListener('abort', stop, { once: true })
        items
          .next()
          .then(resolve, reject)
          .finally(() => signal.removeEventListener('abort', stop))
      }),
    return: () => items.return?.() ?? Promise.resolve(ended),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
