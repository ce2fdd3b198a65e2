import { type Keys, keyAt, type Module, type ModuleHost } from '@ashlar/resp-server'
import { type Shelf, shelfType } from './shelf-module.ts'

const SHELF = shelfType()

/** A module that derives something from keys: what they hold, below the prefixes that it was told. */
export interface Mirror {
  readonly module: Module
  readonly host: ModuleHost
  /** By database and key, in order. */
  entries(): [string, string][]
  /** The same, made from what the server holds now. */
  rebuilt(): Promise<[string, string][]>
  /** Resolves when no key is left to be looked at in the background. */
  idle(): Promise<void>
  /** How often everything was replaced. */
  replacements: number
}

/** MIRROR.DEFINE prefix | MIRROR.UNDEFINE prefix | MIRROR.LIST | MIRROR.REBUILT | MIRROR.PUT key name text */
export function mirrorModule(version = 1): Mirror {
  return new MirrorCore(version)
}

class MirrorCore implements Mirror {
  readonly module: Module
  replacements = 0
  readonly #kept = new Map<string, string>()
  #host: ModuleHost | undefined
  #scans: Promise<void> = Promise.resolve()
  #scanning = 0

  constructor(version: number) {
    this.module = {
      name: 'mirror',
      version,
      types: [SHELF],
      start: (host) => this.#start(host),
      commands: [
        {
          name: 'mirror.define',
          arity: 2,
          flags: ['write'],
          summary: 'Mirrors keys below a prefix.',
          handler: ({ host, reply }, [, prefix = '']) => {
            host.records.set(`prefix:${prefix}`, '')
            this.#defined(prefix)
            reply.ok()
          },
        },
        {
          name: 'mirror.undefine',
          arity: 2,
          flags: ['write'],
          summary: 'Ends that.',
          handler: ({ host, reply }, [, prefix = '']) => {
            host.records.delete(`prefix:${prefix}`)
            this.#undefined()
            reply.ok()
          },
        },
        {
          name: 'mirror.list',
          arity: 1,
          flags: ['readonly'],
          summary: 'Answers what is mirrored.',
          handler: ({ reply }) => reply.bulk(JSON.stringify(this.entries())),
        },
        {
          name: 'mirror.rebuilt',
          arity: 1,
          flags: ['readonly', 'blocking'],
          summary: 'Answers what would be mirrored if it were made anew.',
          handler: (call) =>
            call.waitFor(
              this.idle().then(() => this.rebuilt()),
              (entries) => call.reply.bulk(JSON.stringify(entries)),
            ),
        },
        {
          name: 'mirror.put',
          arity: 4,
          flags: ['write'],
          keys: [keyAt(1, 'RW', 'update')],
          summary: 'Puts a text on a shelf.',
          handler: ({ keys, reply }, [, key = '', name = '', text = '']) => {
            const found = keys.open<Shelf>(key, SHELF)
            if (text === '') found.value?.delete(name)
            else found.create().set(name, text)
            if (found.value !== undefined) found.changed('mirror.put', [name])
            reply.ok()
          },
        },
      ],
    }
  }

  get host(): ModuleHost {
    if (this.#host === undefined) throw new Error('the module has not started')
    return this.#host
  }

  entries(): [string, string][] {
    return [...this.#kept].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  async rebuilt(): Promise<[string, string][]> {
    const { host } = this
    const found = new Map<string, string>()
    for (let database = 0; database < host.databases; database += 1) {
      for await (const slice of host.scanKeys({ database, perTurn: 50 })) {
        host.read((keys) => {
          for (const key of slice) this.#look(found, key, keys)
        }, database)
      }
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  async idle(): Promise<void> {
    let seen: Promise<void> | undefined
    while (seen !== this.#scans) {
      seen = this.#scans
      await seen
    }
  }

  #start(host: ModuleHost): void {
    this.#host = host
    host.onChange({ after: (key, keys) => this.#look(this.#kept, key, keys) })
    host.onFlush((databases) => {
      for (const key of [...this.#kept.keys()]) {
        if (databases.includes(Number(key.split(' ')[0]))) this.#kept.delete(key)
      }
    })
    host.onSwap((first, second) => {
      const kept = [...this.#kept]
      this.#kept.clear()
      for (const [at, text] of kept) {
        const [index, ...key] = at.split(' ')
        const database = Number(index)
        const other = database === first ? second : database === second ? first : database
        this.#kept.set([other, ...key].join(' '), text)
      }
      // a scan that is under way may see a table that it has seen, and another not at all
      if (this.#scanning > 0) this.#defined('')
    })
    host.onRecord((name, value) => {
      if (value === undefined) this.#undefined()
      else this.#defined(name.slice('prefix:'.length))
    })
    host.onReplace(() => {
      this.replacements += 1
      this.#kept.clear()
      this.#defined('')
    })
    this.#defined('')
  }

  #defined(prefix: string): void {
    this.#scanning += 1
    this.#scans = this.#scans
      .then(() => this.#scan(prefix))
      .finally(() => {
        this.#scanning -= 1
      })
  }

  async #scan(prefix: string): Promise<void> {
    const { host } = this
    for (let database = 0; database < host.databases; database += 1) {
      for await (const slice of host.scanKeys({ database, prefix, perTurn: 10 })) {
        host.read((keys) => {
          for (const key of slice) this.#look(this.#kept, key, keys)
        }, database)
      }
    }
  }

  #undefined(): void {
    for (const at of [...this.#kept.keys()]) {
      if (!this.#covers(at.slice(at.indexOf(' ') + 1))) this.#kept.delete(at)
    }
  }

  #covers(key: string): boolean {
    for (const [name] of this.host.records.entries()) {
      if (key.startsWith(name.slice('prefix:'.length))) return true
    }
    return false
  }

  #look(into: Map<string, string>, key: string, keys: Keys): void {
    const at = `${keys.database} ${key}`
    const text = this.#covers(key) ? contentOf(key, keys) : undefined
    if (text === undefined) into.delete(at)
    else into.set(at, text)
  }
}

function contentOf(key: string, keys: Keys): string | undefined {
  const type = keys.type(key)
  if (type === undefined) return undefined
  const parts: unknown[] = [type, keys.expiry(key)]
  if (type === 'string') parts.push(keys.string(key))
  else if (type === SHELF.name) parts.push([...(keys.open<Shelf>(key, SHELF).value ?? [])].sort())
  else if (type === 'hash') {
    const hash = keys.hash(key)
    if (hash === undefined) return undefined
    parts.push([...hash.fields].sort().map((field) => [field, hash.get(field)]))
  }
  return JSON.stringify(parts)
}
