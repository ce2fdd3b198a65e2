import { isCount } from '../bytes/integers.ts'

/** What a table says of a value file that entries of it point into. */
export interface ValueRef {
  /** Number of the value file. */
  readonly file: number
  /** Size of that file. */
  readonly size: number
  /** How many entries of the table point into it. */
  readonly entries: number
  /** Bytes that their values take there. */
  readonly bytes: number
}

/** The part of a table's meta that this is about. */
export interface WithValues {
  readonly number: number
  readonly values?: readonly ValueRef[]
}

const NONE: readonly ValueRef[] = []

export function valuesOf({ values = NONE }: WithValues): readonly ValueRef[] {
  return values
}

/** Size of the value file that was written along with a table; 0 when there is none. */
function ownBytes(meta: WithValues): number {
  return valuesOf(meta).find(({ file }) => file === meta.number)?.size ?? 0
}

/** Size of the value files that were written along with these tables. */
export function ownValueBytes(metas: readonly WithValues[]): number {
  return metas.reduce((sum, meta) => sum + ownBytes(meta), 0)
}

/** What was written for these tables, with their value files. */
export function writtenBytes(metas: readonly (WithValues & { readonly bytes: number })[]): number {
  return metas.reduce((sum, meta) => sum + meta.bytes + ownBytes(meta), 0)
}

/** Bytes of the values that a table points to, all or those in these files. */
export function pointedBytes(meta: WithValues, files?: ReadonlySet<number>): number {
  let total = 0
  for (const { file, bytes } of valuesOf(meta)) {
    if (files === undefined || files.has(file)) total += bytes
  }
  return total
}

/** Every value file that these tables point into, once. */
export function valueFilesOf(metas: Iterable<WithValues>): Map<number, ValueRef> {
  const files = new Map<number, ValueRef>()
  for (const meta of metas) for (const ref of valuesOf(meta)) files.set(ref.file, ref)
  return files
}

/** The refs, or undefined when the value cannot be any. */
export function valueRefsFromJson(value: unknown): readonly ValueRef[] | undefined {
  if (!Array.isArray(value)) return undefined
  const refs: ValueRef[] = []
  for (const item of value as unknown[]) {
    const { file, size, entries, bytes } = (item ?? {}) as Partial<Record<keyof ValueRef, unknown>>
    if (!isCount(file) || !isCount(size) || !isCount(entries) || !isCount(bytes)) return undefined
    if (bytes > size) return undefined
    refs.push({ file, size, entries, bytes })
  }
  return refs
}
