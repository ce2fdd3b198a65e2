/** What the background has done since the store was opened, for metrics. */
export interface BackgroundCounts {
  flushes: number
  flushedBytes: number
  compactions: number
  compactedBytesRead: number
  compactedBytesWritten: number
  compactedValueBytes: number
  trivialMoves: number
  droppedTables: number
  droppedBytes: number
  ingestedTables: number
  ingestedBytes: number
}

export function noCounts(): BackgroundCounts {
  return {
    flushes: 0,
    flushedBytes: 0,
    compactions: 0,
    compactedBytesRead: 0,
    compactedBytesWritten: 0,
    compactedValueBytes: 0,
    trivialMoves: 0,
    droppedTables: 0,
    droppedBytes: 0,
    ingestedTables: 0,
    ingestedBytes: 0,
  }
}
