import type { StoreMetrics } from '../store/metrics.ts'

/** LevelDB's properties, from the store's metrics. */
export function propertyOf(metrics: StoreMetrics, property: string): string {
  const level = /^leveldb\.num-files-at-level(\d+)$/.exec(property)?.[1]
  if (level !== undefined) return String(metrics.tablesPerLevel[Number(level)] ?? '')
  switch (property) {
    case 'leveldb.stats':
      return statsOf(metrics)
    case 'leveldb.sstables':
      return metrics.tablesPerLevel.map((count, i) => `--- level ${i} ---\n${count}`).join('\n')
    case 'leveldb.approximate-memory-usage':
      return String(metrics.memtableBytes + metrics.cacheBytes)
    default:
      return ''
  }
}

function statsOf(metrics: StoreMetrics): string {
  const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
  const lines = metrics.tablesPerLevel.map((count, i) => `${i}\t${count}`)
  return [
    'level\tfiles',
    ...lines,
    `size ${mb(metrics.tableBytes + metrics.valueFileBytes)} MB in tables, ${mb(metrics.logBytes)} MB in logs`,
    `flushes ${metrics.flushes}, ${mb(metrics.flushedBytes)} MB`,
    `compactions ${metrics.compactions}, read ${mb(metrics.compactedBytesRead)} MB, ` +
      `written ${mb(metrics.compactedBytesWritten)} MB`,
  ].join('\n')
}
