import {
  createRedisTable,
  type LuaRuntime,
  LuaSandbox,
  LuaTable,
  protectGlobals,
  type RedisHost,
} from '../lua/index.ts'
import { type LibraryFunction, raise, readRegistration } from './library.ts'

/** What redis.register_function does with a function while a library is loaded. */
export type Register = (registration: Omit<LibraryFunction, 'library'>) => string | undefined

/** What libraries may use of `redis` while they are loaded. */
const LOADING_NAMES = [
  'log',
  'LOG_DEBUG',
  'LOG_VERBOSE',
  'LOG_NOTICE',
  'LOG_WARNING',
  'REDIS_VERSION',
  'REDIS_VERSION_NUM',
]

/**
 * The globals of functions. All libraries share one table that holds nothing itself: while one is
 * loaded it shows only what registering needs, while a function runs all that scripts have.
 */
export class LibrarySandbox {
  readonly runtime: LuaRuntime
  readonly sandbox: LuaSandbox
  readonly globals: LuaTable = new LuaTable()
  readonly #meta = new LuaTable()
  readonly #loadingGlobals = new LuaTable()
  #register: Register | undefined

  constructor(runtime: LuaRuntime, host: RedisHost) {
    this.runtime = runtime
    const redis = createRedisTable(runtime.context, host)
    this.sandbox = new LuaSandbox(runtime, { redis })
    this.#loadingGlobals.set('redis', this.#loadingTable(redis))
    protectGlobals(runtime, this.#loadingGlobals)
    this.#meta.setHash('__index', this.sandbox.globals)
    this.#meta.protect()
    this.globals.setMeta(this.#meta)
    this.globals.protect()
  }

  /** Runs the main function of a library's text. */
  load(run: () => void, register: Register): void {
    this.#register = register
    // the host's own writes pass the protection
    this.#meta.setHash('__index', this.#loadingGlobals)
    try {
      run()
    } finally {
      this.#meta.setHash('__index', this.sandbox.globals)
      this.#register = undefined
    }
  }

  #loadingTable(redis: LuaTable): LuaTable {
    const { runtime } = this
    const table = new LuaTable()
    for (const name of LOADING_NAMES) table.set(name, redis.get(name))
    table.set('register_function', (...args) => {
      const register = this.#register
      if (register === undefined) {
        raise(runtime, 'redis.register_function can only be called on FUNCTION LOAD command')
      }
      const registration = readRegistration(args)
      const problem = typeof registration === 'string' ? registration : register(registration)
      if (problem !== undefined) raise(runtime, problem)
      return []
    })
    protectGlobals(runtime, table)
    return table
  }
}
