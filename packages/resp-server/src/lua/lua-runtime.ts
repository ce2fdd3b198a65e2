import { getHeapStatistics } from 'node:v8'
import { chunkDisplayName } from './chunk-name.ts'
import { type GeneratedCode, generate } from './codegen/chunk-emitter.ts'
import { LuaSyntaxError } from './compiler/syntax-error.ts'
import { ChunkInfo } from './runtime/chunk-registry.ts'
import { LuaContext } from './runtime/context.ts'
import { LuaError } from './runtime/lua-error.ts'
import { CHUNK_URL } from './runtime/stack-levels.ts'
import { createSupport, type EnvironmentCell, type Support } from './runtime/support.ts'
import { type LuaScriptError, toScriptError } from './script-error.ts'
import type { LuaTable } from './table.ts'
import { firstOf, type LuaFunction, type LuaValue } from './value.ts'

/** How a runtime is bounded and who is asked while a script runs. */
export interface LuaRuntimeOptions {
  /** Calls and loop turns between two calls of `onCheck`. Default 10,000. */
  readonly instructionsPerCheck?: number
  /** Called while a script runs; what it throws ends the script and cannot be caught by it. */
  readonly onCheck?: (instructions: number) => void
  /**
   * Estimated machine words of JavaScript stack that a script may use. Default 60,000, which suits
   * Node's default stack of 984 KiB; raise it together with `node --stack-size`.
   */
  readonly stackWords?: number
  /** The longest string a script may make. Default 512 MiB less a little: what V8 can hold. */
  readonly maxStringBytes?: number
  /** How much the heap may grow while a script runs. Default 512 MiB; checked now and then. */
  readonly memoryLimitBytes?: number
  /** Bytes of heap in use. Default: V8's own figure. */
  readonly heapUsedBytes?: () => number
}

/** Makes a Lua runtime; see {@link LuaRuntime}. Throws RangeError for options out of range. */
export function createLuaRuntime(options: LuaRuntimeOptions = {}): LuaRuntime {
  return new LuaRuntime(options)
}

const MAX_STRING_BYTES = 0x1fff_ffe0

/**
 * Compiles Lua 5.1 to JavaScript and runs it. Scripts reach nothing but the globals they are given.
 * One runtime is for one script at a time: runs do not nest.
 */
export class LuaRuntime {
  readonly context: LuaContext
  readonly support: Support
  /** Environments of closures made in chunks that mention setfenv or getfenv. */
  readonly environments: WeakMap<LuaFunction, EnvironmentCell> = new WeakMap()

  constructor(options: LuaRuntimeOptions) {
    this.context = new LuaContext({
      instructionsPerCheck: positive(
        options.instructionsPerCheck ?? 10_000,
        'instructionsPerCheck',
      ),
      onCheck: options.onCheck ?? (() => {}),
      stackWords: positive(options.stackWords ?? 60_000, 'stackWords'),
      maxStringBytes: positive(options.maxStringBytes ?? MAX_STRING_BYTES, 'maxStringBytes'),
      memoryLimitBytes: positive(options.memoryLimitBytes ?? 512 * 1024 * 1024, 'memoryLimitBytes'),
      heapUsedBytes: options.heapUsedBytes ?? (() => getHeapStatistics().used_heap_size),
    })
    this.support = createSupport(this.context, this.environments)
  }

  /**
   * Compiles a chunk. `chunkName` is Lua's: `@user_script` shows as `user_script`.
   * Throws LuaSyntaxError with Lua's message.
   */
  compile(source: string, chunkName: string): LuaScript {
    const displayName = chunkDisplayName(chunkName)
    const code = generateSafely(source, displayName)
    const slots = new Int32Array(code.sites.length)
    const info = new ChunkInfo({ displayName, source: chunkName }, code)
    const id = this.context.chunks.add(info, slots)
    const factory = instantiate(`${code.body}\n//# sourceURL=${CHUNK_URL}${id}`)
    return new LuaScript(info, factory(this.support, slots))
  }

  /** For onCheck: an error that tells where the script is now. Wrapped, no pcall can catch it. */
  interruption(message: string): LuaScriptError {
    return toScriptError(this.context, new LuaError(message, 1))
  }

  /**
   * Calls a Lua function from outside of any script, with fresh budgets, and gives its first
   * result. Throws LuaScriptError for a Lua error; what the host threw passes through.
   */
  run(fn: LuaFunction, args: readonly LuaValue[]): LuaValue {
    const { context } = this
    context.begin()
    try {
      return firstOf(fn(...args))
    } catch (thrown) {
      throw toScriptError(context, context.caught(thrown))
    } finally {
      context.thread = undefined
    }
  }
}

/** A compiled chunk. */
export class LuaScript {
  private readonly info: ChunkInfo
  private readonly link: (globals: LuaTable) => LuaFunction
  private linked: { readonly globals: LuaTable; readonly main: LuaFunction } | undefined

  constructor(info: ChunkInfo, link: (globals: LuaTable) => LuaFunction) {
    this.info = info
    this.link = link
  }

  get chunkName(): string {
    return this.info.source
  }

  /** The main function with the given table as its globals. */
  main(globals: LuaTable): LuaFunction {
    if (this.linked?.globals !== globals) this.linked = { globals, main: this.link(globals) }
    return this.linked.main
  }
}

type ChunkFactory = (support: Support, slots: Int32Array) => (globals: LuaTable) => LuaFunction

function instantiate(body: string): ChunkFactory {
  try {
    return new Function('$R', '$S', body) as ChunkFactory
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep('chunk')
    throw error
  }
}

function generateSafely(source: string, displayName: string): GeneratedCode {
  try {
    return generate(source, displayName)
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(displayName)
    throw error
  }
}

/** Text that JavaScript's own parser or ours cannot nest. */
function tooDeep(displayName: string): LuaSyntaxError {
  return new LuaSyntaxError(`${displayName}:1: chunk has too many syntax levels`)
}

function positive(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new RangeError(`${name} must be a positive integer, got ${value}`)
}
