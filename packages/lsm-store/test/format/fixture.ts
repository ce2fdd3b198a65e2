import type { Store } from '@ashlar/lsm-store'

/** How the fixtures are opened: small, so that a few entries make several files. */
export const FIXTURE_OPTIONS = {
  memtableBytes: 1024,
  tables: { blockBytes: 256, tableBytes: 2048, levelBytes: 2048, levelZeroTables: 64 },
} as const

/** What stands in a fixture, after {@link writeFixture}. */
export function fixtureEntries(): Map<string, string> {
  const entries = new Map<string, string>()
  for (let i = 0; i < 60; i++) {
    if (i % 9 === 4) entries.delete(`key-${(i * 7) % 40}`)
    else entries.set(`key-${(i * 7) % 40}`, valueAt(i))
  }
  return entries
}

/** Writes it: tables on two levels, logs, deletes, a batch. */
export async function writeFixture(store: Store): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const key = `key-${(i * 7) % 40}`
    if (i % 9 === 4) await store.delete(key)
    else if (i % 9 === 5) await store.write(store.batch().delete(key).put(key, valueAt(i)))
    else await store.put(key, valueAt(i))
    if (i === 30) await store.compact()
    if (i === 50) await store.flush()
  }
}

function valueAt(i: number): string {
  return `value ${i} ${'x'.repeat(i)}`
}
