import {
  builtInOperator,
  importOperator,
  type MergeFunction,
  type MergeOperator,
} from './merge-operator.ts'

/** A merge operator as data, for another thread. */
export interface JobOperator {
  /** Number of the keyspace. */
  readonly space: number
  readonly name: string
  readonly url: string | undefined
}

export function toJobOperators(
  operators: readonly { readonly space: number; readonly operator: MergeOperator }[],
): JobOperator[] {
  return operators.map(({ space, operator: { name, url } }) => ({ space, name, url }))
}

/**
 * The functions by number of the keyspace. A module is waited for from slice to slice; one that
 * cannot be imported is left out: its operands stay as they are, for a reader who has it.
 */
export function* loadJobOperators(
  wanted: readonly JobOperator[],
): Generator<number, ReadonlyMap<number, MergeFunction>, void> {
  const found = new Map<number, MergeFunction>()
  let waiting = 0
  for (const { space, name, url } of wanted) {
    const builtIn = url === undefined ? builtInOperator(name) : undefined
    if (builtIn !== undefined) found.set(space, builtIn.merge)
    if (url === undefined) continue
    waiting += 1
    importOperator(name, url).then(
      ({ merge }) => {
        found.set(space, merge)
        waiting -= 1
      },
      () => {
        waiting -= 1
      },
    )
  }
  while (waiting > 0) yield 0
  return found
}
