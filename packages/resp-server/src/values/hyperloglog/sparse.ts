import { REGISTERS } from './registers.ts'

/*
 * Runs of registers:
 *   00xxxxxx           ZERO   x + 1 registers that are 0
 *   01xxxxxx yyyyyyyy  XZERO  xy + 1 registers that are 0
 *   1vvvvvxx           VAL    x + 1 registers that are v + 1
 */
const MAX_ZERO = 64
const MAX_VALUE_RUN = 4
/** What fits into a VAL. */
export const MAX_SPARSE_VALUE = 32
/** Opcodes looked at for two that can become one. */
const MERGE_WINDOW = 5

const isValue = (code: number): boolean => code >= 0x80
const isLongZero = (code: number): boolean => (code & 0xc0) === 0x40
const levelOf = (code: number): number => ((code >>> 2) & 31) + 1
const sizeOf = (code: number): number => (isLongZero(code) ? 2 : 1)
const valueCode = (value: number, run: number): number => 0x80 | ((value - 1) << 2) | (run - 1)

function runAt(bytes: Uint8Array, at: number): number {
  const code = bytes[at] as number
  if (isValue(code)) return (code & 3) + 1
  if (isLongZero(code)) return (((code & 63) << 8) | (bytes[at + 1] as number)) + 1
  return (code & 63) + 1
}

function pushZeros(codes: number[], run: number): void {
  if (run > MAX_ZERO) codes.push(0x40 | ((run - 1) >>> 8), (run - 1) & 0xff)
  else if (run > 0) codes.push(run - 1)
}

/** All registers 0. */
export const EMPTY_SPARSE: Uint8Array = Uint8Array.of(0x7f, 0xff)

/** Undefined when the runs do not add up to all registers. */
export function unpackSparse(bytes: Uint8Array): Uint8Array | undefined {
  const registers = new Uint8Array(REGISTERS)
  let index = 0
  for (let at = 0; at < bytes.length; at += sizeOf(bytes[at] as number)) {
    const code = bytes[at] as number
    const run = runAt(bytes, at)
    if (isLongZero(code) && at + 1 >= bytes.length) return undefined
    if (index + run > REGISTERS) return undefined
    if (isValue(code)) registers.fill(levelOf(code), index, index + run)
    index += run
  }
  return index === REGISTERS ? registers : undefined
}

interface Place {
  /** Where the opcode that covers the register stands, and the one before it. */
  readonly at: number
  readonly before: number
  /** The first register that it covers. */
  readonly first: number
}

function find(bytes: Uint8Array, index: number): Place | undefined {
  let first = 0
  let before = 0
  for (let at = 0; at < bytes.length; ) {
    const run = runAt(bytes, at)
    if (index < first + run) return { at, before, first }
    before = at
    at += sizeOf(bytes[at] as number)
    first += run
  }
  return undefined
}

export type Raised =
  | { readonly kind: 'same' | 'dense' | 'corrupt' }
  | { readonly kind: 'raised'; readonly bytes: Uint8Array }

/**
 * Raises a register to a value of at most {@link MAX_SPARSE_VALUE}, with the same bytes as a result
 * that Redis would have; `dense` when they would be more than `maxBytes`.
 */
export function raiseSparse(
  bytes: Uint8Array,
  index: number,
  value: number,
  maxBytes: number,
): Raised {
  const place = find(bytes, index)
  if (place === undefined) return { kind: 'corrupt' }
  const { at, first } = place
  const code = bytes[at] as number
  const run = runAt(bytes, at)
  if (isValue(code) && levelOf(code) >= value) return { kind: 'same' }
  const codes: number[] = []
  const ahead = index - first
  const behind = first + run - 1 - index
  if (isValue(code)) {
    if (ahead > 0) codes.push(valueCode(levelOf(code), ahead))
    codes.push(valueCode(value, 1))
    if (behind > 0) codes.push(valueCode(levelOf(code), behind))
  } else {
    pushZeros(codes, ahead)
    codes.push(valueCode(value, 1))
    pushZeros(codes, behind)
  }
  const old = sizeOf(code)
  if (codes.length > old && bytes.length + codes.length - old > maxBytes) return { kind: 'dense' }
  const changed = new Uint8Array(bytes.length + codes.length - old)
  changed.set(bytes.subarray(0, at))
  changed.set(codes, at)
  changed.set(bytes.subarray(at + old), at + codes.length)
  return { kind: 'raised', bytes: merged(changed, place.before) }
}

/** Joins neighbors with the same value, near where something changed. */
function merged(bytes: Uint8Array, start: number): Uint8Array {
  let end = bytes.length
  let at = start
  for (let left = MERGE_WINDOW; at < end && left > 0; left -= 1) {
    const code = bytes[at] as number
    const next = bytes[at + 1] as number
    if (isValue(code) && at + 1 < end && isValue(next) && levelOf(code) === levelOf(next)) {
      const run = runAt(bytes, at) + runAt(bytes, at + 1)
      if (run <= MAX_VALUE_RUN) {
        bytes[at + 1] = valueCode(levelOf(code), run)
        bytes.copyWithin(at, at + 1, end)
        end -= 1
        continue
      }
    }
    at += sizeOf(code)
  }
  return bytes.subarray(0, end)
}

/** The runs in words, as PFDEBUG DECODE shows them. */
export function describeSparse(bytes: Uint8Array): string {
  const runs: string[] = []
  for (let at = 0; at < bytes.length; at += sizeOf(bytes[at] as number)) {
    const code = bytes[at] as number
    const run = runAt(bytes, at)
    if (isValue(code)) runs.push(`v:${levelOf(code)},${run}`)
    else runs.push(`${isLongZero(code) ? 'Z' : 'z'}:${run}`)
  }
  return runs.join(' ')
}
