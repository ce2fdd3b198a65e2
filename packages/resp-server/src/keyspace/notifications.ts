/** Classes of keyspace events, by the letters of `notify-keyspace-events`. */
export const EVENT_LETTERS = {
  generic: 'g',
  string: '$',
  list: 'l',
  set: 's',
  hash: 'h',
  zset: 'z',
  expired: 'x',
  evicted: 'e',
  stream: 't',
  module: 'd',
  new: 'n',
  miss: 'm',
} as const

export type EventClass = keyof typeof EVENT_LETTERS

const CLASSES = Object.keys(EVENT_LETTERS) as EventClass[]
/** `A` stands for all but these. */
const NOT_IN_ALL: ReadonlySet<EventClass> = new Set(['new', 'miss'])
const BITS = Object.fromEntries(CLASSES.map((name, at) => [name, 1 << at])) as Readonly<
  Record<EventClass, number>
>
const KEYSPACE = 1 << 20
const KEYEVENT = 1 << 21
const ALL = CLASSES.reduce((mask, name) => (NOT_IN_ALL.has(name) ? mask : mask | BITS[name]), 0)

/** A mask out of letters; undefined when one is unknown. */
export function parseEventMask(letters: string): number | undefined {
  let mask = 0
  for (const letter of letters) {
    const name = CLASSES.find((candidate) => EVENT_LETTERS[candidate] === letter)
    if (letter === 'A') mask |= ALL
    else if (letter === 'K') mask |= KEYSPACE
    else if (letter === 'E') mask |= KEYEVENT
    else if (name !== undefined) mask |= BITS[name]
    else return undefined
  }
  return mask
}

/** The letters of a mask, in Redis' order. */
export function formatEventMask(mask: number): string {
  let letters = ''
  const hasAll = (mask & ALL) === ALL
  if (hasAll) letters += 'A'
  for (const name of ORDER) {
    if (!hasAll && mask & BITS[name]) letters += EVENT_LETTERS[name]
  }
  if (mask & BITS.new) letters += 'n'
  if (mask & KEYSPACE) letters += 'K'
  if (mask & KEYEVENT) letters += 'E'
  return mask & BITS.miss ? `${letters}m` : letters
}

const ORDER: readonly EventClass[] = [
  'generic',
  'string',
  'list',
  'set',
  'hash',
  'zset',
  'expired',
  'evicted',
  'stream',
  'module',
]

/** Called with the number of the database, class, event and key. */
export type EventListener = (database: number, kind: EventClass, event: string, key: string) => void

/** Tells subscribers what happens to keys, as `notify-keyspace-events` asks. */
export class KeyspaceEvents {
  /** 0: nobody wants to know anything, and nothing is spent on it. */
  mask = 0
  /** What subscribers are told. */
  #published = 0
  /** What modules are told. */
  #heard = 0
  readonly #listeners: { readonly mask: number; readonly tell: EventListener }[] = []
  readonly #publish: (channel: string, message: string) => void

  constructor(publish: (channel: string, message: string) => void) {
    this.#publish = publish
  }

  emit(database: number, kind: EventClass, event: string, key: string): void {
    const bit = BITS[kind]
    if ((this.#published & bit) !== 0) this.#tellSubscribers(database, event, key)
    if ((this.#heard & bit) === 0) return
    for (const { mask, tell } of this.#listeners) {
      if ((mask & bit) !== 0) tell(database, kind, event, key)
    }
  }

  /** Sets what subscribers are told. */
  publishes(mask: number): void {
    this.#published = mask
    this.mask = mask | this.#heard
  }

  /** Calls back at the moment of each event of these classes. */
  listen(kinds: readonly EventClass[], tell: EventListener): void {
    const mask = kinds.reduce((bits, kind) => bits | BITS[kind], 0)
    this.#listeners.push({ mask, tell })
    this.#heard |= mask
    this.mask |= mask
  }

  #tellSubscribers(database: number, event: string, key: string): void {
    const mask = this.#published
    if (mask & KEYSPACE) this.#publish(`__keyspace@${database}__:${key}`, event)
    if (mask & KEYEVENT) this.#publish(`__keyevent@${database}__:${event}`, key)
  }
}
