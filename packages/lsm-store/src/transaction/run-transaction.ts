import { isStoreError } from '../errors.ts'
import type { WriteOptions } from '../store/writes.ts'
import type { Transaction } from './transaction.ts'

/** How a transaction is run. */
export interface RunOptions extends WriteOptions {
  /** So often it is begun anew after a conflict, before the conflict is thrown. Default 10. */
  readonly retries?: number
}

const RETRIES = 10
const MOST_RETRIES = 1000

/** Runs `work` in a transaction and commits it; anew when something that it read was written. */
export async function runTransaction<T>(
  begin: () => Transaction,
  work: (transaction: Transaction) => Promise<T> | T,
  options: RunOptions,
): Promise<T> {
  const { retries = RETRIES } = options
  if (!Number.isSafeInteger(retries) || retries < 0 || retries > MOST_RETRIES) {
    throw new RangeError(`retries must be an integer from 0 to ${MOST_RETRIES}, got ${retries}`)
  }
  for (let left = retries; ; left--) {
    using transaction = begin()
    try {
      const result = await work(transaction)
      await transaction.commit(options)
      return result
    } catch (error) {
      if (left === 0 || !isStoreError(error, 'TRANSACTION_CONFLICT')) throw error
    }
  }
}
