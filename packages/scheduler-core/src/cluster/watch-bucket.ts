import type { Clock } from '@ashlar/codec'
import type { KeyValue, KvEntry } from '@ashlar/transport'
import { isPassing } from '../replica/log-writer.ts'

/** Between attempts at a bucket that cannot be reached. */
const RETRY_MS = 100

export interface WatchBucketOptions {
  readonly kv: KeyValue
  readonly key: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEntry: (entry: KvEntry) => void
  readonly onError: (error: unknown) => void
}

/**
 * Follows keys until it is aborted, whatever happens to the connection. Resolves when the present
 * values have been told.
 */
export function watchBucket(options: WatchBucketOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  void follow(options, resolve)
  return promise
}

/** Never rejects. */
async function follow(options: WatchBucketOptions, onCaughtUp: () => void): Promise<void> {
  const { kv, key, clock, signal, onEntry, onError } = options
  while (!signal.aborted) {
    try {
      const watch = kv.watch({ key, history: true, signal, onCaughtUp })
      for await (const entry of watch) onEntry(entry)
    } catch (error) {
      if (!signal.aborted && !isPassing(error)) onError(error)
    }
    if (!signal.aborted) await pause(clock, RETRY_MS)
  }
  onCaughtUp()
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(() => resolve(), ms, { keepAlive: true }))
}
