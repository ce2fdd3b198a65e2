import { DatabaseSync } from 'node:sqlite'
import { FIRST_THRESHOLDS } from './thresholds.ts'

/** An ordinary SQL database: whatever can talk SQL may own it. The data API mirrors it as it is. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS thresholds (
    id         TEXT PRIMARY KEY,
    location   TEXT NOT NULL,
    metric     TEXT NOT NULL CHECK (metric IN ('precipitation', 'temp_max', 'temp_min', 'wind')),
    comparison TEXT NOT NULL CHECK (comparison IN ('above', 'below')),
    "limit"    REAL NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS alerts (
    id       TEXT PRIMARY KEY,
    location TEXT NOT NULL,
    date     TEXT NOT NULL,
    metric   TEXT NOT NULL,
    value    REAL NOT NULL,
    "limit"  REAL NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS escalations (
    alert_id TEXT PRIMARY KEY REFERENCES alerts (id),
    status   TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'acknowledged', 'unanswered')),
    level    INTEGER NOT NULL DEFAULT 0,
    notified TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE INDEX IF NOT EXISTS escalations_by_status ON escalations (status);
`

/** Opens the cloud's database, with its first thresholds when it is new. */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000')
  const isNew = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'thresholds'").get()
  database.exec('BEGIN IMMEDIATE')
  database.exec(SCHEMA)
  if (isNew === undefined) {
    const insert = database.prepare('INSERT INTO thresholds VALUES (?, ?, ?, ?, ?)')
    for (const { id, location, metric, comparison, limit } of FIRST_THRESHOLDS) {
      insert.run(id, location, metric, comparison, limit)
    }
  }
  database.exec('COMMIT')
  return database
}
