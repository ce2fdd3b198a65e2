import type { CliCommand } from './command.ts'
import { backup, backups, checkpoint, restore } from './commands/backup.ts'
import { bench } from './commands/bench.ts'
import { dump, load, scan } from './commands/entries.ts'
import { compact, repair, stats, verify } from './commands/maintenance.ts'
import { get, put, remove } from './commands/values.ts'

/** Every command, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [
  stats,
  get,
  put,
  remove,
  scan,
  dump,
  load,
  verify,
  repair,
  compact,
  checkpoint,
  backup,
  backups,
  restore,
  bench,
]
