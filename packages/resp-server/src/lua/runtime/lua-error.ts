import type { LuaValue } from '../value.ts'
import { readLevels, type StackLevel } from './stack-levels.ts'

/** A Lua error on its way up: any value, with the stack of where it was raised. */
export class LuaError extends Error {
  override readonly name = 'LuaError'
  value: LuaValue
  private readonly levels: readonly StackLevel[]

  constructor(value: LuaValue) {
    super()
    this.value = value
    this.levels = readLevels(this)
  }

  /** The call level that raised it: 1 is the function that was running, 2 its caller. */
  level(number: number): StackLevel | undefined {
    return this.levels[number - 1]
  }

  override get message(): string {
    return typeof this.value === 'string'
      ? this.value
      : `(error object of type ${typeof this.value})`
  }
}
