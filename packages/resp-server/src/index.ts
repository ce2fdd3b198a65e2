export type { CommandFlag, KeySpec } from './commands/command.ts'
export { keyAt, keysFrom, numberedKeys } from './commands/command.ts'
export {
  isRespServerError,
  ReplyError,
  RespServerError,
  type RespServerErrorCode,
} from './errors.ts'
export type { EventClass } from './keyspace/notifications.ts'
export { decodeBytes, decodeText, encodeBytes, encodeText } from './modules/bytes.ts'
export type { ChangeFilter, ChangeListener } from './modules/change-feed.ts'
export type { CursorOptions, CursorTable } from './modules/cursors.ts'
export type { HashReader, Keys, ModuleKey } from './modules/keys.ts'
export type { Module, ModuleCommand, ModuleParameter } from './modules/module.ts'
export type { Caller, ModuleCall, ParkedClient, WaitOptions } from './modules/module-call.ts'
export type {
  KeyEvent,
  ModuleHost,
  ModuleRecords,
  ModuleTimer,
  ScanOptions,
} from './modules/module-host.ts'
export type { ModuleType } from './modules/module-type.ts'
export type { WorkerPool, WorkerPoolOptions } from './modules/worker-pool.ts'
export type { ReadPath } from './network/listener.ts'
export type { TlsOptions } from './network/tls.ts'
export type {
  CommandMetrics,
  DatabaseMetrics,
  ReplicationMetrics,
  ServerMetrics,
} from './observe/metrics.ts'
export { formatPrometheus, type PrometheusOptions } from './observe/prometheus.ts'
export type { AppendFsync } from './persistence/durability.ts'
export type { Bytes, Reply } from './protocol/reply.ts'
export type { RespValue } from './protocol/value-writer.ts'
export type { ModuleRdbReader, ModuleRdbWriter } from './rdb/module-value.ts'
export type { ImportedRdb } from './rdb/move-data.ts'
export type { ReplicationOptions } from './replication/replication-options.ts'
export { createServer } from './server/create-server.ts'
export type { CommandArgument, ExecuteOptions, InProcessClient } from './server/in-process.ts'
export type { ServerOptions } from './server/options.ts'
export type { RespServer } from './server/resp-server.ts'
