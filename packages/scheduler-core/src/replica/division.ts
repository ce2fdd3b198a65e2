import type { LocalCopy } from './local-copy.ts'

/** Beside the entries of docs/store-layout.md, whose tags are small letters. */
const COUNT_TAG = 'P'

/** Where a copy says how many partitions there were when it was last divided. */
export function countKey(copy: LocalCopy): Uint8Array {
  return Buffer.from(copy.prefix + COUNT_TAG, 'utf8')
}

/** Undefined: it never was. */
export function countIn(copy: LocalCopy): number | undefined {
  const bytes = copy.store.getSync(countKey(copy))
  return bytes === undefined ? undefined : Buffer.from(bytes).readUInt16BE(0)
}
