/** Commands of many keys: a key is at each of so many positions, from the first on. */
const KEY_STEPS: readonly (readonly [name: string, step: number])[] = [
  ['mset', 2],
  ['msetnx', 2],
  ['mget', 1],
  ['del', 1],
  ['unlink', 1],
  ['exists', 1],
  ['touch', 1],
]
/** Shorter requests have one key, or gain nothing. */
export const SEVERAL_ARGUMENTS: number = 4
/** Of a letter of ASCII: makes it small. */
const SMALL = 0x20

/** Where a request has its key, nearly always. */
export const KEY_POSITION: number = 1

export const isKeyPosition = (position: number, step: number): boolean =>
  position === KEY_POSITION || (step !== 0 && position !== 0 && position % step === 1 % step)

/** By the name of a command, as `bytes[start..end)`; 0 for one with at most one key at the usual place. */
export function keyStepOf(bytes: Uint8Array, start: number, end: number): number {
  for (const [name, step] of KEY_STEPS) {
    if (name.length === end - start && isName(name, bytes, start)) return step
  }
  return 0
}

function isName(name: string, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < name.length; at += 1) {
    if (((bytes[start + at] as number) | SMALL) !== name.charCodeAt(at)) return false
  }
  return true
}
