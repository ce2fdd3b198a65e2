import type { Payload } from '../message/message.ts'

/** How a bucket is kept. */
export interface KvOptions {
  /** Revisions kept per key, 1 to 64. Default 1. */
  readonly history?: number | undefined
  /** Age at which a revision is removed; at least 100. Watchers are not told. Default never. */
  readonly ttlMs?: number | undefined
  /**
   * False: a bucket that is not there is not created but rejected with `KV_MISSING`, and one that is
   * there is opened whatever its options are. Default true.
   */
  readonly create?: boolean | undefined
}

/** One revision of a key. */
export interface KvEntry {
  readonly key: string
  /** Empty for a delete. */
  readonly value: Payload
  /** Grows over the whole bucket, never used twice. */
  readonly revision: number
  readonly operation: 'put' | 'delete'
  readonly timestampMs: number
}

/** What `watch` shows. */
export interface KvWatchOptions {
  /** Only keys that match; `*` and `>` as in subjects. */
  readonly key?: string | undefined
  /** Begin with all revisions kept, deletes included, instead of the present values. */
  readonly history?: boolean | undefined
  /** Begin with nothing: only what changes from now on. */
  readonly updatesOnly?: boolean | undefined
  /** Called once, when everything that was there at the start has been handed out. */
  readonly onCaughtUp?: (() => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A bucket of keys with revisions. Keys: letters, digits, `-_/=` in tokens joined by dots.
 *
 * Writes to one bucket are linear: one revision after the other. A rejected write with
 * `KV_EXISTS` or `KV_CONFLICT` changed nothing and carries the revision found in `actual`.
 */
export interface KeyValue {
  readonly bucket: string
  /** Undefined for absent, deleted and expired keys. */
  get(key: string): Promise<KvEntry | undefined>
  /** Resolves with the new revision. */
  put(key: string, value: Payload): Promise<number>
  /** Only if the key is absent or deleted: `KV_EXISTS`. */
  create(key: string, value: Payload): Promise<number>
  /** Only if the key's last revision, deletes counted, is this one: `KV_CONFLICT`. */
  update(key: string, value: Payload, revision: number): Promise<number>
  /** Leaves a delete marker; with `revision` only if that is the last one: `KV_CONFLICT`. */
  delete(key: string, options?: { readonly revision?: number | undefined }): Promise<void>
  /** Present keys, in no promised order. */
  keys(filter?: string): AsyncIterable<string>
  /**
   * Present values in revision order, then every change. A watcher that is slower than the
   * writers, or was cut off, may miss revisions that left the history, never a key's last one.
   */
  watch(options?: KvWatchOptions): AsyncIterable<KvEntry>
  /** The revisions kept of a key, oldest first, deletes included. */
  history(key: string): AsyncIterable<KvEntry>
  /** Removes the markers of keys deleted at least this long ago (default 30 min); tells how many. */
  purgeDeletes(options?: { readonly olderThanMs?: number | undefined }): Promise<number>
  /** Removes the bucket with its keys. */
  destroy(): Promise<void>
}
