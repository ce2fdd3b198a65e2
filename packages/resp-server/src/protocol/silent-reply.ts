import type { Reply } from './reply.ts'

const nothing = (): void => {}

/** Answers nothing: CLIENT REPLY OFF and SKIP. */
export const SILENT: Reply = {
  version: 2,
  maxValues: Number.POSITIVE_INFINITY,
  isFull: true,
  ok: nothing,
  simple: nothing,
  error: nothing,
  integer: nothing,
  bulk: nothing,
  bulkOrNull: nothing,
  null: nothing,
  nullArray: nothing,
  array: nothing,
  map: nothing,
  set: nothing,
  push: nothing,
  double: nothing,
  decimal: nothing,
  boolean: nothing,
  verbatim: nothing,
  bigNumber: nothing,
}
