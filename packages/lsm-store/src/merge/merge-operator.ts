/**
 * Combines what a key holds with what is merged into it, or two operands that follow each other. It
 * must be associative: compaction combines operands before it knows what they are merged into. A key
 * that holds nothing takes the first operand as it is.
 */
export type MergeFunction = (older: Uint8Array, newer: Uint8Array) => Uint8Array

/** Operators that every store knows. */
export type BuiltInMerge = 'append' | 'int64-add' | 'max' | 'min'

/** A module whose default export is a {@link MergeFunction}. It runs in the compaction worker too. */
export interface MergeModule {
  /** Kept with the keyspace, so that it is not read with another operator. */
  readonly name: string
  /** As for `import()`: a URL, or one in a string. */
  readonly url: URL | string
}

/** @see KeyspaceOptions */
export type MergeOption = BuiltInMerge | MergeModule

/** An operator at hand. */
export interface MergeOperator {
  readonly name: string
  /** Where it comes from, for other threads; undefined for one that is built in. */
  readonly url: string | undefined
  readonly merge: MergeFunction
}

const BUILT_IN: Readonly<Record<BuiltInMerge, MergeFunction>> = {
  append: (older, newer) => {
    const both = new Uint8Array(older.length + newer.length)
    both.set(older)
    both.set(newer, older.length)
    return both
  },
  'int64-add': (older, newer) => {
    const sum = new Uint8Array(8)
    new DataView(sum.buffer).setBigInt64(
      0,
      BigInt.asIntN(64, int64Of(older) + int64Of(newer)),
      true,
    )
    return sum
  },
  max: (older, newer) => (Buffer.compare(newer, older) > 0 ? newer : older),
  min: (older, newer) => (Buffer.compare(newer, older) < 0 ? newer : older),
}

/** Eight bytes, little-endian, signed. Fewer are extended by zeros, what is behind them is ignored. */
function int64Of(bytes: Uint8Array): bigint {
  if (bytes.length >= 8) {
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true)
  }
  const whole = new Uint8Array(8)
  whole.set(bytes)
  return new DataView(whole.buffer).getBigInt64(0, true)
}

/** The built-in operator of this name. */
export function builtInOperator(name: string): MergeOperator | undefined {
  const merge = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name as BuiltInMerge] : undefined
  return merge === undefined ? undefined : { name, url: undefined, merge }
}

/** The name that an operator goes by. */
export function mergeName(option: MergeOption): string {
  if (typeof option === 'string') return option
  if (typeof option?.name === 'string' && option.name !== '') {
    if (builtInOperator(option.name) === undefined) return option.name
    throw new RangeError(`merge.name must not be that of a built-in operator, got ${option.name}`)
  }
  throw new TypeError('merge must be the name of an operator, or have a name and a url')
}

/** The operator that an option describes. */
export async function loadOperator(option: MergeOption): Promise<MergeOperator> {
  const name = mergeName(option)
  if (typeof option === 'string') {
    const builtIn = builtInOperator(name)
    if (builtIn !== undefined) return builtIn
    throw new RangeError(`merge must be one of ${Object.keys(BUILT_IN).join(', ')}, got ${name}`)
  }
  return await importOperator(name, String(option.url))
}

/** The operator that a module exports. */
export async function importOperator(name: string, url: string): Promise<MergeOperator> {
  const { default: merge } = (await import(url)) as { readonly default?: unknown }
  if (typeof merge !== 'function') throw new TypeError(`${url} has no function as default export`)
  return { name, url, merge: merge as MergeFunction }
}
