import type { RepairReport } from './operations/repair.ts'

/** A memtable was written to a table. */
export interface FlushInfo {
  /** Number of the table. */
  readonly table: number
  readonly entries: number
  readonly bytes: number
  readonly durationMs: number
}

/** Tables were merged. */
export interface CompactionInfo {
  readonly fromLevel: number
  readonly toLevel: number
  readonly inputTables: number
  readonly outputTables: number
  readonly inputBytes: number
  readonly outputBytes: number
  readonly durationMs: number
}

/** What an ingest put into the store. */
export interface IngestInfo {
  /** That of all its entries; 0 when there were none. */
  readonly sequence: number
  readonly entries: number
  readonly tables: number
  /** Of the tables and their value files. */
  readonly bytes: number
}

/** Writers are held back because the background has fallen behind, or no longer. */
export interface StallInfo {
  /** `delay`: each write waits `delayMs`; `stop`: until the background has caught up. */
  readonly state: 'delay' | 'stop' | 'none'
  readonly delayMs: number
  readonly unflushedMemtables: number
  readonly levelZeroTables: number
}

/** Something failed in the background, or was found damaged. */
export interface ErrorInfo {
  readonly error: Error
  /** Writes fail from now on. */
  readonly poisoned: boolean
}

/** What a recovery gave up. */
export interface RecoveryInfo {
  /** Bytes of the log that a crash or power cut had left unfinished and never acknowledged as durable. */
  readonly droppedBytes: number
  readonly lastSequence: number
}

/** Callbacks of facts. They cannot change what happens, and what they throw cannot hurt the store. */
export interface StoreEvents {
  readonly onFlush?: (info: FlushInfo) => void
  readonly onCompaction?: (info: CompactionInfo) => void
  /** Called in the turn from which on reads see them; a power cut may still take them back. */
  readonly onIngest?: (info: IngestInfo) => void
  readonly onStall?: (info: StallInfo) => void
  readonly onError?: (info: ErrorInfo) => void
  /** With `recovery: 'salvage'`, a store that would not open was repaired. */
  readonly onRepair?: (report: RepairReport) => void
  readonly onRecovery?: (info: RecoveryInfo) => void
}
