/**
 * What a command takes, read from the line of syntax in its row of the table. The notation is the one in
 * which Redis' manual writes commands, with what programs want to know besides:
 *
 *     key value condition=[NX | XX]@2.6.12 [GET]@6.2.0 expiration=[EX seconds | KEEPTTL]
 *
 * - A word without lower case is a token, sent as it is (`""`: the empty one); any other names an argument.
 *   Its type follows from its name, unless the word ends in one: `min:string`.
 * - `[...]` may be left out, `<...>` only groups; ` | ` stands between alternatives, one of which is meant.
 * - `key [key ...]`: what the brackets repeat may be sent many times, the token with it if it is repeated
 *   too. `<...> [...]` repeats a group.
 * - A token belongs to the argument or group after it, the first within brackets to all the rest.
 * - Names come before `=`. Groups without one are called after what they consist of.
 * - After a word or a closing bracket: `@6.2.0` since, `!2.8.12` deprecated since, `#1` which of the key
 *   specs finds it; keys are numbered in their order.
 */

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block'

export type ArgumentFlag = 'optional' | 'multiple' | 'multiple_token'

/** One argument as COMMAND DOCS tells it. */
export interface Argument {
  name: string
  type: ArgumentType
  keySpec?: number
  token?: string
  since?: string
  deprecatedSince?: string
  readonly flags: ArgumentFlag[]
  readonly arguments?: readonly Argument[]
}

const words = (text: string): readonly string[] => text.split(' ')

/** The types of arguments by their names; all others are strings. */
const TYPES: ReadonlyMap<string, ArgumentType> = new Map(
  (
    [
      ['key', 'key key1 key2 source destination destkey sourcekey newkey src dst'],
      [
        'integer',
        'bit bits client-id cluster_bus_port config-epoch count cursor db decrement destination-db end ' +
          'end-slot entries-added entries_added entries-read entries_read frequency idle-time increment index ' +
          'index1 index2 len limit maxage milliseconds ms num-matches numfields numkeys numlocal numreplicas ' +
          'offset port protover rank seconds slot start start-slot stop timeout ttl version weight',
      ],
      ['double', 'height latitude longitude max min radius score width'],
      ['pattern', 'pattern'],
      ['unix-time', 'unix-time-milliseconds unix-time-seconds'],
    ] as const
  ).flatMap(([type, names]) => words(names).map((name) => [name, type] as const)),
)

const TYPE_SUFFIX = /^(.+):(string|integer|double|key|pattern|unix-time)$/
/** An opening bracket with its name, a closing one with its marks, or anything else between spaces. */
const PIECES = /(?:[a-z][\w-]*=)?[[<]|[\]>](?:[#@!][\w.]+)*|[^\s[\]<>]+/g
const WORD = /^(?:([a-z][\w-]*)=)?(.+?)((?:[#@!][\w.]+)*)$/

/** A word that stands for itself and may yet turn out to belong to what follows it. */
const isBareToken = (argument: Argument | undefined): boolean =>
  argument?.type === 'pure-token' && argument.flags.length === 0

/** The arguments of a command; throws a TypeError that names it when its line cannot be read. */
export function parseSyntax(command: string, syntax: string, keySpecs: number): Argument[] {
  const parser = new Parser(command, syntax)
  const found = parser.parse()
  if (keySpecs === 0 && hasKey(found)) throw parser.error('no key spec finds its keys')
  numberKeys(found, { next: 0, specs: keySpecs })
  return found
}

class Parser {
  readonly #command: string
  readonly #pieces: readonly string[]
  #at = 0

  constructor(command: string, syntax: string) {
    this.#command = command
    this.#pieces = syntax.match(PIECES) ?? []
  }

  parse(): Argument[] {
    const found = this.#sequence(undefined)
    if (this.#at < this.#pieces.length)
      throw this.error(`'${this.#pieces[this.#at]}' opens nothing`)
    return found
  }

  error(problem: string): TypeError {
    return new TypeError(`syntax of command '${this.#command}': ${problem}`)
  }

  /** Up to the end of an alternative; `close` is the bracket that ends the group around it. */
  #sequence(close: string | undefined): Argument[] {
    const found: Argument[] = []
    for (; this.#at < this.#pieces.length; this.#at += 1) {
      const piece = this.#pieces[this.#at] as string
      if (piece === '|' || /^[\]>]/.test(piece)) break
      const bracket = piece.at(-1)
      if (bracket === '[' && this.#repeats()) this.#repeat(found)
      else if (bracket === '[' || bracket === '<') found.push(this.#group(piece))
      else found.push(this.#word(piece))
    }
    return close === undefined ? bindEach(found) : bindRest(found)
  }

  #word(piece: string): Argument {
    const [, name, text = piece, marks = ''] = WORD.exec(piece) ?? []
    const argument: Argument = /[a-z]/.test(text)
      ? typed(text)
      : {
          name: name ?? text.toLowerCase(),
          type: 'pure-token',
          token: text === '""' ? '' : text,
          flags: [],
        }
    return mark(argument, marks)
  }

  #group(opening: string): Argument {
    const isOptional = opening.endsWith('[')
    const close = isOptional ? ']' : '>'
    const name = opening.length === 1 ? undefined : opening.slice(0, -2)
    const alternatives: Argument[][] = []
    do {
      this.#at += 1
      alternatives.push(this.#sequence(close))
    } while (this.#pieces[this.#at] === '|')
    const closing = this.#pieces[this.#at]
    if (closing?.[0] !== close) throw this.error(`'${opening}' is not closed`)
    if (alternatives.some((one) => one.length === 0)) throw this.error(`'${opening}' is empty`)
    const argument = this.#oneOf(name, alternatives)
    if (isOptional && !argument.flags.includes('optional')) argument.flags.unshift('optional')
    return mark(argument, closing.slice(1))
  }

  #oneOf(name: string | undefined, alternatives: Argument[][]): Argument {
    const [first, second] = alternatives as [Argument[], Argument[]?]
    if (second === undefined) {
      return first.length === 1 && name === undefined ? (first[0] as Argument) : block(first, name)
    }
    if (name === undefined) throw this.error(`alternatives without a name`)
    const choices = alternatives.map((one) =>
      one.length === 1 ? (one[0] as Argument) : block(one),
    )
    return { name, type: 'oneof', flags: [], arguments: choices }
  }

  /** Whether the bracket here ends in dots. */
  #repeats(): boolean {
    for (let at = this.#at + 1; at < this.#pieces.length; at += 1) {
      const piece = this.#pieces[at] as string
      if (piece === '...') return this.#pieces[at + 1] === ']'
      if (/[[\]<>|]/.test(piece)) return false
    }
    return false
  }

  /** `[key ...]`: marks the arguments before it as repeated, as one if they are several. */
  #repeat(found: Argument[]): void {
    const body: Argument[] = []
    for (this.#at += 1; this.#pieces[this.#at] !== '...'; this.#at += 1) {
      body.push(this.#word(this.#pieces[this.#at] as string))
    }
    this.#at += 1
    const repeated = found.splice(-Math.max(body.length, 1))
    if (repeated.length === 0) throw this.error('nothing is there to repeat')
    if (
      body.some(
        ({ name, token }, at) => name !== repeated[at]?.name || token !== repeated[at].token,
      )
    ) {
      const names = body.map(({ name }) => name).join(' ')
      throw this.error(`'${names} ...' repeats what does not stand before it`)
    }
    const hasToken = body.length > 1 && isBareToken(repeated[0])
    const bound = hasToken ? bindRest(repeated) : repeated
    const argument = bound.length === 1 ? (bound[0] as Argument) : block(bound)
    argument.flags.push('multiple')
    if (hasToken) argument.flags.push('multiple_token')
    found.push(argument)
  }
}

function typed(word: string): Argument {
  const [, name, type] = TYPE_SUFFIX.exec(word) ?? [word, word, TYPES.get(word) ?? 'string']
  return { name: name as string, type: type as ArgumentType, flags: [] }
}

const block = (parts: readonly Argument[], name?: string): Argument => ({
  name: name ?? parts.map((part) => part.name).join('_'),
  type: 'block',
  flags: [],
  arguments: parts,
})

function mark(argument: Argument, marks: string): Argument {
  for (const [, kind, value] of marks.matchAll(/([#@!])([\w.]+)/g)) {
    if (kind === '#') argument.keySpec = Number(value)
    else argument[kind === '@' ? 'since' : 'deprecatedSince'] = value as string
  }
  return argument
}

/** Gives a token to the argument or group right after it. */
function bindEach(found: readonly Argument[]): Argument[] {
  const bound: Argument[] = []
  for (const argument of found) {
    const last = bound.at(-1)
    if (
      last !== undefined &&
      isBareToken(last) &&
      !isBareToken(argument) &&
      !argument.flags.includes('optional')
    ) {
      bound[bound.length - 1] = withToken(last, argument)
    } else bound.push(argument)
  }
  return bound
}

/** Gives a token that comes first to all that follows. */
function bindRest(found: readonly Argument[]): Argument[] {
  const [first, second] = found
  if (!isBareToken(first) || first === undefined || second === undefined || isBareToken(second))
    return [...found]
  return [withToken(first, found.length === 2 ? second : block(found.slice(1)))]
}

const withToken = ({ token, since }: Argument, argument: Argument): Argument => ({
  ...argument,
  ...(token === undefined ? {} : { token }),
  ...(since === undefined ? {} : { since }),
})

const hasKey = (found: readonly Argument[]): boolean =>
  found.some(({ type, arguments: parts = [] }) => type === 'key' || hasKey(parts))

function numberKeys(found: readonly Argument[], count: { next: number; specs: number }): void {
  for (const argument of found) {
    if (argument.type === 'key' && argument.keySpec === undefined) {
      argument.keySpec = Math.min(count.next, count.specs - 1)
      count.next += 1
    }
    numberKeys(argument.arguments ?? [], count)
  }
}
