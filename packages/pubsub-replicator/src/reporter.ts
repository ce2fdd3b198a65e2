import type { Logger } from '@ashlar/codec'
import type { ErrorInfo, ReplicatorEvents, SnapshotInfo, StateInfo } from './events.ts'
import type { Conflict } from './ledger/ledger.ts'
import { decodeRecord } from './record/record.ts'
import { decodeId } from './record/record-id.ts'
import { latestStamp, type Row } from './row/row.ts'

/** Tells listeners and counts. What a listener throws goes to the logger and no further. */
export class Reporter {
  readonly #events: ReplicatorEvents
  readonly #logger: Logger
  /** Messages that were dropped because they were malformed. */
  rejected = 0
  conflicts = 0
  errors = 0

  constructor(events: ReplicatorEvents, logger: Logger) {
    this.#events = events
    this.#logger = logger
  }

  error(
    during: string,
    error: unknown,
    facts: Partial<Pick<ErrorInfo, 'table' | 'node'>> = {},
  ): void {
    this.errors += 1
    const { table, node } = facts
    this.#logger.warn(`replicator: ${during} failed`, { error, table, node })
    this.#tell(this.#events.onError, { error, during, table, node })
  }

  malformed(
    during: string,
    error: unknown,
    facts: Partial<Pick<ErrorInfo, 'table' | 'node'>>,
  ): void {
    this.rejected += 1
    this.error(during, error, facts)
  }

  conflictsOf(conflicts: readonly Conflict[]): void {
    this.conflicts += conflicts.length
    if (this.#events.onConflict === undefined) return
    for (const { table, id, winner, loser, fields } of conflicts) {
      this.#tell(this.#events.onConflict, {
        table,
        id: decodeId(id),
        winner: sideOf(winner),
        loser: sideOf(loser),
        fields,
      })
    }
  }

  state(info: StateInfo): void {
    this.#logger.debug('replicator: subscription changed state', { ...info })
    this.#tell(this.#events.onState, info)
  }

  snapshot(info: SnapshotInfo): void {
    this.#logger.info('replicator: snapshot taken over', { ...info })
    this.#tell(this.#events.onSnapshot, info)
  }

  #tell<T>(listener: ((info: T) => void) | undefined, info: T): void {
    try {
      listener?.(info)
    } catch (error) {
      this.#logger.error('replicator: an event listener threw', { error })
    }
  }
}

function sideOf(row: Row): {
  stamp: Row['stamp']
  record: ReturnType<typeof decodeRecord> | undefined
} {
  const record = row.value === undefined ? undefined : decodeRecord(row.value)
  return { stamp: latestStamp(row), record }
}
