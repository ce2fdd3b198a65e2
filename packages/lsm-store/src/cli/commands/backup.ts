import { listBackups, restoreBackup, verifyBackup } from '../../backup/read-backup.ts'
import {
  type CliCommand,
  DONE,
  NOT_FOUND,
  numberOption,
  printFacts,
  printLine,
} from '../command.ts'
import { ProgressBar } from '../progress-bar.ts'
import { openExisting } from './values.ts'

export const checkpoint: CliCommand = {
  name: 'checkpoint',
  summary: 'Copies a store to a new directory, by hard links where that can be',
  parameters: ['dir', 'new-dir'],
  options: {},
  async run(call) {
    const bar = new ProgressBar(call)
    await using store = await openExisting(call)
    const info = await store.checkpoint(call.parameters['new-dir'] as string, bar.options)
    bar.clear()
    await printFacts(call, info)
    return DONE
  },
}

export const backup: CliCommand = {
  name: 'backup',
  summary: 'Adds a backup to a directory; what it has already is not copied again',
  parameters: ['dir', 'backup-dir'],
  options: { keep: { value: 'number', help: 'keep so many backups, and remove older ones' } },
  async run(call) {
    const bar = new ProgressBar(call)
    const keep = numberOption(call, 'keep', 1, Number.POSITIVE_INFINITY)
    await using store = await openExisting(call)
    const info = await store.backup(call.parameters['backup-dir'] as string, {
      ...bar.options,
      keep,
    })
    bar.clear()
    await printFacts(call, info)
    return DONE
  },
}

export const backups: CliCommand = {
  name: 'backups',
  summary: 'Lists the backups in a directory; exit code 3 when there are none',
  parameters: ['backup-dir'],
  options: { verify: { help: 'read every file of each and compare its hash' } },
  async run(call) {
    const bar = new ProgressBar(call)
    const directory = call.parameters['backup-dir'] as string
    const list = listBackups(directory)
    for (const summary of list) {
      const { id, at, sequence, files, bytes } = summary
      if (call.options['verify'] === true) await verifyBackup(directory, { id, ...bar.options })
      bar.clear()
      const made = new Date(at).toISOString()
      const line = `${id}\t${made}\t${files} files\t${bytes} bytes\tup to operation ${sequence}`
      await printLine(call.streams, call.json ? JSON.stringify(summary) : line)
    }
    return list.length === 0 ? NOT_FOUND : DONE
  },
}

export const restore: CliCommand = {
  name: 'restore',
  summary: 'Makes a store of a backup, in a new directory',
  parameters: ['backup-dir', 'dir'],
  options: { id: { value: 'number', help: 'which backup (the newest)' } },
  async run(call) {
    const bar = new ProgressBar(call)
    const id = numberOption(call, 'id', 1, 0)
    const { dir, 'backup-dir': directory } = call.parameters
    const info = await restoreBackup(directory as string, dir as string, {
      ...bar.options,
      ...(id === 0 ? {} : { id }),
    })
    bar.clear()
    await printFacts(call, info)
    return DONE
  },
}
