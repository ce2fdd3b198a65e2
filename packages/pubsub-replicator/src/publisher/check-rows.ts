import { HybridClock } from '@ashlar/codec'
import type { Ledger } from '../ledger/ledger.ts'
import type { WireEntry } from '../protocol/messages.ts'
import { remoteRow } from '../receiver/incoming.ts'
import { latestStamp } from '../row/row.ts'
import { type Audience, LoggedRow, verdictFor } from './logged-row.ts'

/**
 * Answers a subscriber that holds versions which this node has lost: for each id of which this
 * node has as new a version by now, what is to become of the subscriber's. Throws
 * `MESSAGE_MALFORMED` for what is no question.
 */
export function checkRows(
  ledger: Ledger,
  audience: Audience,
  asked: readonly WireEntry[],
): WireEntry[] {
  const { table, selection } = audience
  const answers: WireEntry[] = []
  for (const entry of asked) {
    const held = remoteRow(table, selection, entry)
    if (held === undefined) continue
    const row = ledger.read(table, held.id)
    if (row === undefined || row.evicted) continue
    if (HybridClock.compare(latestStamp(row), latestStamp(held.row)) < 0) continue
    answers.push(verdictFor(new LoggedRow(table, held.id, row), audience))
  }
  return answers
}
