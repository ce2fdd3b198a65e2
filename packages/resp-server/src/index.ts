export {
  isRespServerError,
  ReplyError,
  RespServerError,
  type RespServerErrorCode,
} from './errors.ts'
export type { ReadPath } from './network/listener.ts'
export type { AppendFsync } from './persistence/persistence.ts'
export type { RespValue } from './protocol/value-writer.ts'
export type { ImportedRdb } from './rdb/move-data.ts'
export { createServer } from './server/create-server.ts'
export type { CommandArgument, ExecuteOptions, InProcessClient } from './server/in-process.ts'
export type { ServerOptions } from './server/options.ts'
export type { RespServer } from './server/server.ts'
