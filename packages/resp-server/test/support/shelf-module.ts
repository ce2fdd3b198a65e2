import {
  keyAt,
  type Module,
  type ModuleHost,
  type ModuleType,
  ReplyError,
} from '@ashlar/resp-server'

export type Shelf = Map<string, string>

/** Names with texts, one record each, to see what is written and what is read. */
export function shelfType(version = 2, freed: string[] = []): ModuleType<Shelf> {
  return {
    name: 'testshelf',
    version,
    create: () => new Map(),
    records: (shelf) => shelf.keys(),
    encode: (shelf, record) => {
      const text = shelf.get(record)
      return text === undefined ? undefined : `v${version}:${text}`
    },
    restore(shelf, record, stored, writtenAs) {
      const mark = `v${writtenAs}:`
      if (!stored.startsWith(mark)) throw new Error(`'${stored}' is not of version ${writtenAs}`)
      shelf.set(record, stored.slice(mark.length))
    },
    isEmpty: (shelf) => shelf.size === 0,
    memoryBytes: (shelf) =>
      [...shelf].reduce((sum, [name, text]) => sum + name.length + text.length, 1000),
    copy: (shelf) => new Map(shelf),
    free: (shelf) => freed.push([...shelf.keys()].join()),
  }
}

export interface ShelfOptions {
  readonly type?: ModuleType<Shelf>
  readonly start?: (host: ModuleHost) => void | Promise<void>
  readonly stop?: () => void
}

/** SHELF.SET key name text | SHELF.GET key name | SHELF.DEL key name */
export function shelfModule(options: ShelfOptions = {}): Module {
  const type = options.type ?? shelfType()
  const written = { sets: 0 }
  return {
    name: 'shelf',
    version: 10_203,
    types: [type],
    categories: ['shelves'],
    parameters: [
      {
        name: 'limit',
        default: '10',
        check: (value) => (/^\d+$/.test(value) ? undefined : 'argument must be a number'),
      },
      { name: 'mode', default: 'plain', isMutable: false },
    ],
    info: { figures: () => written },
    ...(options.start && { start: options.start }),
    ...(options.stop && { stop: options.stop }),
    commands: [
      {
        name: 'SHELF.SET',
        arity: 4,
        flags: ['write', 'denyoom', 'fast'],
        keys: [keyAt(1, 'RW', 'update')],
        categories: ['shelves'],
        summary: 'Puts a text on a shelf.',
        complexity: 'O(1)',
        handler({ keys, host, reply }, [, key = '', name = '', text = '']) {
          const found = keys.open(key, type)
          if ((found.value?.size ?? 0) >= Number(host.parameter('limit'))) {
            throw new ReplyError('ERR the shelf is full')
          }
          const shelf = found.create()
          shelf.set(name, text)
          written.sets += 1
          found.changed('shelf.set', [name])
          reply.integer(shelf.size)
        },
      },
      {
        name: 'SHELF.GET',
        arity: 3,
        flags: ['readonly', 'fast'],
        keys: [keyAt(1, 'RO', 'access')],
        categories: ['shelves'],
        summary: 'Answers a text.',
        handler: ({ keys, reply }, [, key = '', name = '']) =>
          reply.bulkOrNull(keys.open(key, type).value?.get(name)),
      },
      {
        name: 'SHELF.DEL',
        arity: 3,
        flags: ['write', 'fast'],
        keys: [keyAt(1, 'RW', 'delete')],
        categories: ['shelves'],
        summary: 'Takes a text away.',
        handler({ keys, reply }, [, key = '', name = '']) {
          const found = keys.open(key, type)
          const isThere = found.value?.delete(name) === true
          if (isThere) found.changed('shelf.del', [name])
          reply.integer(isThere ? 1 : 0)
        },
      },
    ],
  }
}
