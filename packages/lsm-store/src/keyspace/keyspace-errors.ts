import { StoreError } from '../errors.ts'

/** The answer to uses of a keyspace that is gone. */
export function dropped(name: string): StoreError {
  return new StoreError('KEYSPACE_DROPPED', `Keyspace ${name} was dropped: make it anew to use it.`)
}
