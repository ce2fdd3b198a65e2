/**
 * An abstract-level v3 database on the store: a drop-in for classic-level.
 *
 * @module
 */
export { LevelError, type LevelErrorCode } from './level-error.ts'
export type { LevelOpenOptions, LevelOptions, LevelWriteOptions } from './level-options.ts'
export type { LevelSync, SyncOperation } from './level-sync.ts'
export {
  type LevelClearOptions,
  LsmLevel,
  // The names that code on classic-level and level imports: one line changes.
  LsmLevel as ClassicLevel,
  LsmLevel as Level,
  type StartEndOptions,
} from './lsm-level.ts'
