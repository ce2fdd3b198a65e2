export { LuaSyntaxError } from './compiler/syntax-error.ts'
export {
  createLuaRuntime,
  type LuaRuntime,
  type LuaRuntimeOptions,
  type LuaScript,
} from './lua-runtime.ts'
export { writeLuaReply } from './redis/lua-to-reply.ts'
export { type CommandError, createRedisTable, type RedisHost } from './redis/redis-table.ts'
export type { ReplySink } from './redis/reply-sink.ts'
export { errorTable, LuaReplyBuilder } from './redis/reply-to-lua.ts'
export {
  LuaSandbox,
  protectGlobals,
  protectTables,
  type SandboxOptions,
  type ScriptArguments,
} from './redis/sandbox.ts'
export { LuaScriptError } from './script-error.ts'
export { LuaTable } from './table.ts'
export {
  LUA_NULL,
  type LuaFunction,
  type LuaResult,
  LuaThread,
  LuaUserdata,
  type LuaValue,
} from './value.ts'
