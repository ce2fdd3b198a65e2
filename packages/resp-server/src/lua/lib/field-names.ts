/** A power of two; each holds two names, so that two that fall together do not push out each other. */
const PLACES = 256
const LONGEST = 32

/**
 * Names of fields, which come again with each message: the same string object is found in tables
 * by a look at its address, and has not to be made again. Holds 512 of up to 32 bytes at most.
 */
export class FieldNames {
  readonly #names: (string | undefined)[] = Array.from({ length: PLACES * 2 }, () => undefined)

  /** The text from `from` to `to`. */
  within(data: string, from: number, to: number): string {
    if (to - from > LONGEST) return data.slice(from, to)
    if (from === to) return ''
    // a few bytes tell most names apart
    const middle = data.charCodeAt((from + to) >>> 1)
    const ends = data.charCodeAt(from) * 7 + data.charCodeAt(to - 1) * 5
    const place = ((ends + middle * 3 + to - from) & (PLACES - 1)) * 2
    const names = this.#names
    const first = names[place]
    if (first !== undefined && isAt(first, data, from, to)) return first
    const second = names[place + 1]
    if (second !== undefined && isAt(second, data, from, to)) return second
    const name = internalized(data.slice(from, to))
    names[place + 1] = first
    names[place] = name
    return name
  }
}

function isAt(text: string, data: string, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) !== data.charCodeAt(from + at)) return false
  }
  return true
}

/** The engine's own copy of a string, which the constants of programs are too. */
const internalized = (text: string): string => Object.keys({ [text]: true })[0] ?? text
