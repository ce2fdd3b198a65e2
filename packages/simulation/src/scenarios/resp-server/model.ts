/** A command as its words. */
export type Command = readonly string[]

type Value =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'list'; readonly items: string[] }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'set'; readonly members: Set<string> }

/** What the keys hold after some commands, computed the slow and obvious way. */
export class KeyModel {
  readonly #keys = new Map<string, Value>()

  apply([name, key = '', ...rest]: Command): void {
    const [a = '', b = ''] = rest
    switch (name) {
      case 'SET':
        this.#keys.set(key, { type: 'string', text: a })
        return
      case 'APPEND':
        this.#string(key, (text) => text + a)
        return
      case 'INCRBY':
        this.#string(key, (text) => String(Number(text) + Number(a)))
        return
      case 'DEL':
        this.#keys.delete(key)
        return
      case 'RENAME': {
        const value = this.#keys.get(key)
        if (value === undefined || a === key) return
        this.#keys.delete(key)
        this.#keys.set(a, value)
        return
      }
      case 'FLUSHDB':
        this.#keys.clear()
        return
      case 'EVAL':
        // the one script there is: sets two keys to one value
        this.#keys.set(rest[1] ?? '', { type: 'string', text: rest[3] ?? '' })
        this.#keys.set(rest[2] ?? '', { type: 'string', text: rest[3] ?? '' })
        return
      default:
        this.#change(name, key, a, b)
    }
  }

  /** Every key with its type and content, in a form that can be compared. */
  dump(): string {
    const entries = [...this.#keys].sort(([a], [b]) => (a < b ? -1 : 1))
    return JSON.stringify(entries.map(([key, value]) => [key, value.type, contentOf(value)]))
  }

  #string(key: string, change: (text: string) => string): void {
    const value = this.#keys.get(key)
    if (value !== undefined && value.type !== 'string') return
    this.#keys.set(key, { type: 'string', text: change(value?.text ?? '') })
  }

  #change(name: string | undefined, key: string, a: string, b: string): void {
    const value = this.#keys.get(key) ?? emptyFor(name)
    if (value === undefined) return
    if (value.type === 'list') {
      if (name === 'RPUSH') value.items.push(a)
      else if (name === 'LPOP') value.items.shift()
    } else if (value.type === 'hash') {
      if (name === 'HSET') value.fields.set(a, b)
      else if (name === 'HDEL') value.fields.delete(a)
    } else if (value.type === 'set') {
      if (name === 'SADD') value.members.add(a)
      else if (name === 'SREM') value.members.delete(a)
    }
    if (isEmpty(value)) this.#keys.delete(key)
    else this.#keys.set(key, value)
  }
}

function emptyFor(name: string | undefined): Value | undefined {
  if (name === 'RPUSH') return { type: 'list', items: [] }
  if (name === 'HSET') return { type: 'hash', fields: new Map() }
  if (name === 'SADD') return { type: 'set', members: new Set() }
  return undefined
}

function isEmpty(value: Value): boolean {
  if (value.type === 'list') return value.items.length === 0
  if (value.type === 'hash') return value.fields.size === 0
  return value.type === 'set' && value.members.size === 0
}

function contentOf(value: Value): unknown {
  if (value.type === 'string') return value.text
  if (value.type === 'list') return value.items
  if (value.type === 'set') return [...value.members].sort()
  return [...value.fields].sort(([a], [b]) => (a < b ? -1 : 1))
}
