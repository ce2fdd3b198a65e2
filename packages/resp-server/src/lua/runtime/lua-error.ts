import type { LuaValue } from '../value.ts'
import { type StackLevel, StackLevels } from './stack-levels.ts'

/** A Lua error on its way up: any value, with the call levels of where it was raised. */
export class LuaError extends Error {
  override readonly name = 'LuaError'
  value: LuaValue
  private readonly levels: StackLevels

  /** `depth` is the level that will be asked for: 0 for none, 1 for the nearest. */
  constructor(value: LuaValue, depth: number) {
    // Our own look at the stack is enough: the engine's would be a second one.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super()
    Error.stackTraceLimit = stackTraceLimit
    this.value = value
    this.levels = new StackLevels(depth > 0)
    if (depth > 1 && this.levels.level(depth) === undefined) this.levels.deepen()
  }

  /** The call level that raised it: 1 is the function that was running, 2 its caller. */
  level(number: number): StackLevel | undefined {
    return this.levels.level(number)
  }

  override get message(): string {
    const { value } = this
    return typeof value === 'string' ? value : `(error object of type ${typeof value})`
  }
}
