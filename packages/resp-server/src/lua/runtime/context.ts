import { LuaTable } from '../table.ts'
import {
  firstOf,
  type LuaFunction,
  type LuaResult,
  type LuaThread,
  LuaUserdata,
  type LuaValue,
  typeName,
} from '../value.ts'
import { ChunkRegistry } from './chunk-registry.ts'
import { LuaError } from './lua-error.ts'
import type { StackLevel } from './stack-levels.ts'

/** Turns of a loop that are counted at once. */
const TURNS = 64
/** Words of stack charged when library code calls back. */
const CALLBACK_WORDS = 90
/** 256 bytes count as an instruction. */
const BYTES_PER_INSTRUCTION_BITS = 8
/** Bytes that may be made between two looks at the heap. */
const MEMORY_STEP = 16 * 1024 * 1024
const CHECKS_PER_MEMORY_LOOK = 2

/** The limits that a runtime is made with; see LuaRuntimeOptions. */
export interface ContextLimits {
  readonly instructionsPerCheck: number
  readonly stackWords: number
  readonly maxStringBytes: number
  readonly memoryLimitBytes: number
  readonly onCheck: (instructions: number) => void
  readonly heapUsedBytes: () => number
}

/**
 * What all functions of a runtime share: budgets, the metatable of strings, and the making of
 * errors with positions. Generated code counts in `fuel` and `words` directly.
 */
export class LuaContext {
  /** Calls and turns left before the next check. */
  fuel: number
  /** Estimated words of stack in use, and how many are allowed. */
  words = 0
  readonly limit: number
  readonly limits: ContextLimits
  readonly chunks: ChunkRegistry = new ChunkRegistry()
  /** The metatable of all strings. */
  readonly stringMeta: LuaTable = new LuaTable()
  /** How many protected calls are under way. */
  protectedCalls = 0
  /** The running coroutine. */
  thread: LuaThread | undefined = undefined
  private madeBytes = 0
  private checks = 0
  /** The heap at the first look of a run: most runs are over before they are looked at. */
  private heapAtStart: number | undefined = undefined

  constructor(limits: ContextLimits) {
    this.limits = limits
    this.fuel = limits.instructionsPerCheck
    this.limit = limits.stackWords
  }

  /** Starts the accounts of a run. */
  begin(): void {
    this.fuel = this.limits.instructionsPerCheck
    this.words = 0
    this.protectedCalls = 0
    this.madeBytes = 0
    this.checks = 0
    this.heapAtStart = undefined
  }

  /** Charges many turns of a loop; gives how many may follow before the next charge. */
  turn(): number {
    this.fuel -= TURNS
    if (this.fuel < 0) this.spend()
    return TURNS
  }

  /** The budget between two checks is used up: asks the host, who may throw. */
  spend(): void {
    const { instructionsPerCheck, onCheck } = this.limits
    this.fuel = instructionsPerCheck
    if (++this.checks % CHECKS_PER_MEMORY_LOOK === 0) this.checkMemory(0)
    onCheck(instructionsPerCheck)
  }

  /** Charges work that library code did in one call. */
  charge(instructions: number): void {
    this.fuel -= instructions
    if (this.fuel < 0) this.spend()
  }

  /** Charges bytes that are about to be made; throws when there is no room for them. */
  reserve(bytes: number): void {
    if (bytes > this.limits.maxStringBytes) throw this.error('not enough memory')
    this.madeBytes += bytes
    // Making many bytes takes as long as many instructions.
    this.fuel -= bytes >> BYTES_PER_INSTRUCTION_BITS
    if (this.fuel < 0) this.spend()
    if (this.madeBytes > MEMORY_STEP) this.checkMemory(bytes)
  }

  private checkMemory(bytes: number): void {
    const { heapUsedBytes, memoryLimitBytes } = this.limits
    this.madeBytes = 0
    const heap = heapUsedBytes()
    this.heapAtStart ??= heap
    if (heap - this.heapAtStart + bytes > memoryLimitBytes) throw this.error('not enough memory')
  }

  /** A function is entered with too little stack left. */
  overflow(): never {
    throw this.fail('stack overflow')
  }

  /**
   * An error without a position, as library code raises by lua_error. Where it came from is only
   * told when nothing catches it.
   */
  error(value: LuaValue): LuaError {
    return new LuaError(value, this.protectedCalls > 0 ? 0 : 1)
  }

  /** An error with the position of a call level: 1 is the function that called the library. */
  fail(message: string, level = 1): LuaError {
    const error = new LuaError(undefined, level)
    error.value = this.position(error.level(level)) + message
    return error
  }

  position(level: StackLevel | undefined): string {
    const chunk = this.chunks.find(level)
    if (chunk === undefined || level === undefined) return ''
    return `${chunk.displayName}:${chunk.lineOf(level)}: `
  }

  /** `attempt to index local 'x' (a nil value)`. */
  typeError(action: string, value: LuaValue, site: number): LuaError {
    const error = new LuaError(undefined, 1)
    const level = error.level(1)
    const name = site === 0 ? undefined : this.chunks.find(level)?.siteName(site)
    const type = typeName(value)
    const what = name === undefined ? `a ${type} value` : `${cString(name)} (a ${type} value)`
    error.value = `${this.position(level)}attempt to ${action} ${what}`
    return error
  }

  /** `bad argument #1 to 'rep' (string expected, got nil)`, by the name it was called by. */
  argumentError(index: number, message: string): LuaError {
    const error = new LuaError(undefined, 1)
    const level = error.level(1)
    const callee = level === undefined ? undefined : this.chunks.find(level)?.calleeName(level)
    const match = callee === undefined ? null : /^(\w+) '(.*)'$/s.exec(callee)
    const name = match?.[2] ?? '?'
    const isMethod = match?.[1] === 'method'
    const position = this.position(level)
    if (isMethod && index === 1) {
      error.value = `${position}calling '${name}' on bad self (${message})`
    } else {
      const number = isMethod ? index - 1 : index
      error.value = `${position}bad argument #${number} to '${name}' (${message})`
    }
    return error
  }

  /** The metamethod of a value, undefined without one. */
  metamethod(value: LuaValue, event: string): LuaValue {
    return this.metatableOf(value)?.getHash(event)
  }

  metatableOf(value: LuaValue): LuaTable | undefined {
    if (value instanceof LuaTable || value instanceof LuaUserdata) return value.meta
    return typeof value === 'string' ? this.stringMeta : undefined
  }

  /** Calls a metamethod from generated code. */
  callMeta(handler: LuaValue, ...args: LuaValue[]): LuaValue {
    const { words } = this
    this.words = words + CALLBACK_WORDS
    if (this.words > this.limit) this.overflow()
    if (--this.fuel < 0) this.spend()
    const fn = typeof handler === 'function' ? handler : this.callableOf(handler, 0)
    const result = firstOf(fn(...args))
    this.words = words
    return result
  }

  /** Calls a Lua value from library code. */
  call(fn: LuaValue, args: readonly LuaValue[]): LuaResult {
    const { words } = this
    this.words = words + CALLBACK_WORDS + args.length
    if (this.words > this.limit) this.overflow()
    if (--this.fuel < 0) this.spend()
    const result = callFromLibrary(typeof fn === 'function' ? fn : this.callHandler(fn), args)
    this.words = words
    return result
  }

  /** `__call` of a value that library code wants to call; the error has no position. */
  private callHandler(value: LuaValue): LuaFunction {
    const handler = this.metamethod(value, '__call')
    if (typeof handler === 'function') return (...args) => handler(value, ...args)
    throw this.error(`attempt to call a ${typeName(value)} value`)
  }

  /** What calling a value that is no function does: `__call`, or the error once it is called. */
  callableOf(value: LuaValue, site: number): LuaFunction {
    const handler = this.metamethod(value, '__call')
    if (typeof handler === 'function') return (...args) => handler(value, ...args)
    return () => {
      throw this.typeError('call', value, site)
    }
  }

  /** The Lua error in something that was caught; what scripts must not catch is thrown again. */
  caught(thrown: unknown): LuaError {
    if (thrown instanceof LuaError) return thrown
    if (thrown instanceof RangeError) {
      if (thrown.message.includes('call stack')) return this.error('stack overflow')
      if (/string length|array length|allocation/i.test(thrown.message)) {
        return this.error('not enough memory')
      }
    }
    throw thrown
  }
}

/** Names pass through C strings: a zero byte cuts them, inside of their quotes. */
function cString(name: string): string {
  const end = name.indexOf('\0')
  return end < 0 ? name : `${name.slice(0, end)}'`
}

/** The one frame that marks library code between two Lua functions; see BOUNDARY_NAME. */
function callFromLibrary(fn: LuaFunction, args: readonly LuaValue[]): LuaResult {
  return fn(...args)
}
