import { createBaseLibrary } from '../lib/base.ts'
import { createBitLibrary } from '../lib/bit.ts'
import { createCjsonLibrary } from '../lib/cjson.ts'
import { createCmsgpackLibrary } from '../lib/cmsgpack.ts'
import { createCoroutineLibrary } from '../lib/coroutine.ts'
import { createDeprecated, createLoaders } from '../lib/loader.ts'
import { createMathLibrary } from '../lib/math.ts'
import { createOsLibrary } from '../lib/os.ts'
import { createStringLibrary } from '../lib/string.ts'
import { createStructLibrary } from '../lib/struct.ts'
import { createTableLibrary } from '../lib/table.ts'
import { plainString } from '../lib/tostring.ts'
import type { LuaRuntime, LuaScript } from '../lua-runtime.ts'
import { Lrand48 } from '../random.ts'
import { LuaTable } from '../table.ts'
import { type LuaFunction, type LuaValue, NOTHING } from '../value.ts'

/** What a sandbox is made with. */
export interface SandboxOptions {
  /** The `redis` table; see createRedisTable. */
  readonly redis: LuaTable
  /** Adds setfenv, getfenv and newproxy, as Redis' lua-enable-deprecated-api. Default false. */
  readonly deprecatedApi?: boolean
  /** Seeds math.random once. Default: the state that POSIX prescribes for an unseeded generator. */
  readonly randomSeed?: number
}

/** What a script is run with: byte strings, one byte per UTF-16 unit. */
export interface ScriptArguments {
  readonly keys: readonly string[]
  readonly argv: readonly string[]
}

/**
 * The globals of Redis scripts, protected as Redis protects them: neither they nor the libraries
 * can be changed, and unknown names are errors. Scripts that run in one sandbox share nothing else.
 */
export class LuaSandbox {
  readonly globals: LuaTable
  private readonly runtime: LuaRuntime
  private readonly random = new Lrand48()

  constructor(runtime: LuaRuntime, options: SandboxOptions) {
    this.runtime = runtime
    if (options.randomSeed !== undefined) this.random.seed(options.randomSeed)
    this.globals = createGlobals(runtime, this.random, options)
    protectGlobals(runtime, this.globals)
  }

  /**
   * Runs a script with KEYS and ARGV and gives its first result. Throws LuaScriptError for what it
   * did not catch.
   */
  run(script: LuaScript, { keys, argv }: ScriptArguments): LuaValue {
    return this.runWith(script, LuaTable.fromList(keys), LuaTable.fromList(argv))
  }

  /** As {@link run}, with tables that are the script's from then on. */
  runWith(script: LuaScript, keys: LuaTable, argv: LuaTable): LuaValue {
    // The host's own writes pass the protection.
    this.globals.setHash('KEYS', keys)
    this.globals.setHash('ARGV', argv)
    return this.runtime.run(script.main(this.globals), NOTHING)
  }

  /** Calls a function that a script gave to the host, such as a registered function. */
  call(fn: LuaFunction, args: readonly LuaValue[]): LuaValue {
    return this.runtime.run(fn, args)
  }
}

function createGlobals(runtime: LuaRuntime, random: Lrand48, options: SandboxOptions): LuaTable {
  const { context, support } = runtime
  const globals = createBaseLibrary(context, support)
  const strings = createStringLibrary(context)
  context.stringMeta.set('__index', strings)
  const entries: Record<string, LuaValue> = {
    string: strings,
    table: createTableLibrary(context, support),
    math: createMathLibrary(context, random),
    coroutine: createCoroutineLibrary(context),
    os: createOsLibrary(),
    bit: createBitLibrary(context),
    struct: createStructLibrary(context),
    cjson: createCjsonLibrary(context),
    cmsgpack: createCmsgpackLibrary(context),
    redis: options.redis,
    ...createLoaders(runtime, () => globals),
    ...(options.deprecatedApi === true ? createDeprecated(runtime, () => globals) : {}),
    __redis__err__handler: errorHandler,
    _G: globals,
  }
  for (const [name, value] of Object.entries(entries)) globals.set(name, value)
  return globals
}

/** Scripts can see Redis' error handler, so it is here too; errors are made tables elsewhere. */
const errorHandler: LuaFunction = (error) => {
  if (error instanceof LuaTable) return error
  const table = new LuaTable()
  table.set('err', `ERR ${plainString(error)}`)
  return table
}

/** Makes unknown names errors, then protects the globals and all tables in them. */
export function protectGlobals(runtime: LuaRuntime, globals: LuaTable): void {
  const { context } = runtime
  const meta = new LuaTable()
  const missing: LuaFunction = (...args) => {
    const name = args[1]
    if (args.length !== 2) {
      throw context.fail('Wrong number of arguments to luaProtectedTableError')
    }
    if (typeof name !== 'string' && typeof name !== 'number') {
      throw context.fail('Second argument to luaProtectedTableError must be a string or number')
    }
    throw context.fail(
      `Script attempted to access nonexistent global variable '${plainString(name)}'`,
    )
  }
  meta.set('__index', missing)
  globals.setMeta(meta)
  protectTables(globals)
  protectTables(context.stringMeta)
}

/** Protects a table, its metatable and all tables in them. */
export function protectTables(table: LuaTable): void {
  if (table.isProtected) return
  table.protect()
  for (let at = table.nextCursor(0); at !== 0; at = table.nextCursor(at)) {
    const value = table.cursorValue(at)
    if (value instanceof LuaTable) protectTables(value)
  }
  if (table.meta !== undefined) protectTables(table.meta)
}
