import { HashValue } from '../values/hash-value.ts'
import type { Database } from './database.ts'
import { ColdValue } from './value.ts'

/** Fields of the hash expire: they go then, even if nobody asks for them. */
export function fieldsExpire(database: Database, key: string, hash: HashValue): void {
  if (hash.soonest >= hash.queuedFor) return
  hash.queuedFor = hash.soonest
  database.table.queueFields(hash.soonest, key)
  // the record says when: so fields expire in time also while the hash is in the store only
  database.rewriteKey(key)
  database.keyspace.expiryScheduled(hash.soonest)
}

/** Removes the fields of a hash that have expired; the hash goes with its last field. */
export function expireFields(database: Database, key: string, hash: HashValue): void {
  const { keyspace } = database
  const { dirty, onFieldsExpired } = keyspace
  const fields = onFieldsExpired === undefined ? [] : hash.fieldsUpTo(keyspace.now)
  hash.queuedFor = Number.POSITIVE_INFINITY
  if (hash.expireFields(keyspace.now) > 0) database.settle(key, hash, 'hexpired')
  onFieldsExpired?.(database, key, fields, keyspace.dirty - dirty)
  if (hash.size > 0) waitForNext(database, key, hash)
}

/** What waits at the slot may be a hash whose fields are due: those go, and it waits for the next. */
export function fieldsDue(database: Database, key: string, slot: number): void {
  const resident = database.table.residentAt(slot)
  if (resident instanceof ColdValue && resident.type !== 'hash') return
  const hash = resident instanceof ColdValue ? database.table.valueAt(slot) : resident
  if (!(hash instanceof HashValue)) return
  if (hash.soonest <= database.keyspace.now) expireFields(database, key, hash)
  else {
    // since its record was written a field was given more time, or lost its time
    hash.queuedFor = Number.POSITIVE_INFINITY
    waitForNext(database, key, hash)
  }
}

/** The record of the hash named a time that is over: it names the next one, or none. */
function waitForNext(database: Database, key: string, hash: HashValue): void {
  if (hash.expiring > 0) fieldsExpire(database, key, hash)
  else database.rewriteKey(key)
}
