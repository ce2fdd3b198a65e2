import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { StoreError } from '../errors.ts'
import type { StoreLock } from './file-system.ts'

/** Nothing is ever stored in it: it needs neither a journal on disk nor syncs. */
const TAKE_LOCK = `PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;
  PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE`

/** Directories locked by this thread. POSIX locks do not exclude their own process. */
const heldHere = new Set<string>()

/**
 * Takes the kernel's lock on `<directory>/LOCK` through SQLite's exclusive transaction, the one
 * file lock that Node offers without native code. `HOLDER` beside it names the process in errors.
 */
export function lockDirectory(directory: string): StoreLock {
  const path = realpathSync(directory)
  if (heldHere.has(path)) throw locked(directory, `this process (pid ${process.pid})`)
  // Loaded when it is needed: Node 22 warns of it, and the worker has no use for it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(join(path, 'LOCK'))
  try {
    database.exec(TAKE_LOCK)
  } catch (cause) {
    database.close()
    // SQLITE_BUSY; anything else is a broken LOCK file or directory.
    if ((cause as { errcode?: unknown }).errcode === 5) throw locked(directory, holder(path), cause)
    throw cause
  }
  heldHere.add(path)
  const holderFile = join(path, 'HOLDER')
  writeFileSync(holderFile, `pid ${process.pid} on ${hostname()}\n`)
  return {
    release(): void {
      if (!heldHere.delete(path)) return
      database.close()
    },
  }
}

function holder(path: string): string {
  try {
    return readFileSync(join(path, 'HOLDER'), 'utf8').trim()
  } catch {
    return 'another process'
  }
}

function locked(directory: string, by: string, cause?: unknown): StoreError {
  return new StoreError(
    'STORE_LOCKED',
    `${directory} is open in ${by}: a store has one writer. Close it there, or share that store.`,
    { path: directory, cause },
  )
}
