import type { Command, KeySpec } from './command.ts'

export interface FoundKey {
  readonly position: number
  readonly flags: readonly string[]
}

/** Where the keys of a request are, by the command's key specs; undefined when they do not fit. */
export function findKeys(command: Command, args: readonly string[]): FoundKey[] | undefined {
  const found: FoundKey[] = []
  const flags = command.definition.keyFlags?.(args)
  const { keyPositions, keys = [] } = command.definition
  if (keyPositions !== undefined) {
    const specFlags = flags ?? keys[0]?.flags ?? []
    return keyPositions(args).map((position) => ({ position, flags: specFlags }))
  }
  for (const spec of command.definition.keys ?? []) {
    if ('positions' in spec.begin) {
      for (const position of spec.begin.positions?.(args) ?? []) {
        found.push({ position, flags: flags ?? spec.flags })
      }
      continue
    }
    const start = beginOf(spec, args)
    if (start === undefined) continue
    const positions = positionsFrom(spec, start, args)
    if (positions === undefined) return undefined
    for (const position of positions) found.push({ position, flags: flags ?? spec.flags })
  }
  return found
}

function beginOf({ begin }: KeySpec, args: readonly string[]): number | undefined {
  if ('index' in begin) return begin.index
  if ('positions' in begin) return undefined
  const step = begin.startFrom < 0 ? -1 : 1
  const from = begin.startFrom < 0 ? args.length + begin.startFrom : begin.startFrom
  for (let at = from; at > 0 && at < args.length; at += step) {
    if (args[at]?.toUpperCase() === begin.keyword) return at + 1
  }
  return undefined
}

function positionsFrom(
  { find }: KeySpec,
  start: number,
  args: readonly string[],
): number[] | undefined {
  let first = start
  let last: number
  if ('keyNumIndex' in find) {
    const count = Number(args[start + find.keyNumIndex])
    if (!Number.isInteger(count) || count < 0) return undefined
    first = start + find.firstKey
    last = first + (count - 1) * find.step
  } else {
    // with a limit only the first part of what is left are keys: a half, a third
    const end =
      find.limit > 1 ? start + Math.floor((args.length - start) / find.limit) : args.length
    last = find.lastKey >= 0 ? start + find.lastKey : end + find.lastKey
  }
  if (last >= args.length) return undefined
  const positions: number[] = []
  for (let at = first; at <= last; at += find.step) positions.push(at)
  return positions
}

/** First key, last key and step, the summary that older clients go by. */
export function legacyRange(command: Command): readonly [number, number, number] {
  const specs = command.definition.keys ?? []
  const [only] = specs
  if (specs.length === 1 && only !== undefined && 'index' in only.begin && 'lastKey' in only.find) {
    const { index } = only.begin
    const { lastKey, step } = only.find
    return [index, lastKey >= 0 ? index + lastKey : lastKey, step]
  }
  let first = 0
  let last = 0
  for (const { begin, find } of specs) {
    if (!('index' in begin) || !('lastKey' in find) || find.step !== 1) continue
    if (first !== 0 && last !== begin.index - 1) continue
    if (first === 0) first = begin.index
    last = find.lastKey >= 0 ? begin.index + find.lastKey : find.lastKey
  }
  return first === 0 ? [0, 0, 0] : [first, last, 1]
}
