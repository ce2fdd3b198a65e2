import type { LuaTable } from '../table.ts'
import { libraryTable } from './arguments.ts'

/** The one function of `os` that Redis has: seconds of processor time. */
export function createOsLibrary(): LuaTable {
  return libraryTable({
    clock: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  })
}
