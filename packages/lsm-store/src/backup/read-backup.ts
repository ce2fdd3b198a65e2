import { createHash } from 'node:crypto'
import { corruption, ioError, StoreError } from '../errors.ts'
import { type FileSystem, isMissing } from '../fs/file-system.ts'
import { nodeFileSystem } from '../fs/node-file-system.ts'
import { claimEmpty } from '../operations/checkpoint.ts'
import { copyFile, readInPieces } from '../operations/copy-file.ts'
import { type OperationOptions, Pace } from '../operations/progress.ts'
import {
  type BackupFile,
  type BackupRecord,
  filesOf,
  listIds,
  readRecord,
  recordPath,
  recordsOf,
} from './backup-record.ts'
import { removeUnused } from './prune.ts'

/** Which backup, and where the files are. */
export interface BackupReadOptions extends OperationOptions {
  /** Default: the newest. */
  readonly id?: number
  /** Default `nodeFileSystem()`. */
  readonly fileSystem?: FileSystem
}

/** A backup in a list. */
export interface BackupSummary {
  readonly id: number
  /** When it was made: milliseconds since 1970. */
  readonly at: number
  /** The last operation in it. */
  readonly sequence: number
  readonly files: number
  readonly bytes: number
}

/**
 * The backups in a directory, oldest first.
 *
 * @throws StoreError `STORE_CORRUPT`, `STORE_IO`
 */
export function listBackups(
  directory: string,
  options: Pick<BackupReadOptions, 'fileSystem'> = {},
): BackupSummary[] {
  const fileSystem = options.fileSystem ?? nodeFileSystem()
  return listIds(fileSystem, directory).map((id) =>
    summaryOf(readRecord(fileSystem, directory, id)),
  )
}

function summaryOf({ id, at, sequence, files }: BackupRecord): BackupSummary {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return { id, at, sequence, files: files.length, bytes }
}

/**
 * Reads every file of a backup and compares its hash.
 *
 * @throws StoreError `STORE_CORRUPT` naming the first file that is damaged or gone, `STORE_MISSING`.
 */
export async function verifyBackup(
  directory: string,
  options: BackupReadOptions = {},
): Promise<BackupSummary> {
  const fileSystem = options.fileSystem ?? nodeFileSystem()
  const record = pick(fileSystem, directory, options.id)
  const pace = new Pace(options, summaryOf(record).bytes)
  for (const file of record.files) {
    const path = `${filesOf(directory)}/${file.hash}`
    const hash = createHash('sha256')
    const bytes = await readInPieces(fileSystem, path, pace, (piece) => {
      hash.update(piece)
    }).catch((error: unknown) => {
      throw isMissing(error) ? corruption(path, 0, 'the file is missing') : error
    })
    check(path, file, bytes, hash.digest('hex'))
  }
  return summaryOf(record)
}

/**
 * Makes a store from a backup, in a directory that is empty or not there. Each file is compared with
 * its hash on the way, and the manifest comes last: what opens is whole.
 *
 * @throws StoreError `STORE_EXISTS`, `STORE_MISSING`, `STORE_CORRUPT`, `STORE_IO`, `STORE_FULL`.
 */
export async function restoreBackup(
  directory: string,
  target: string,
  options: BackupReadOptions = {},
): Promise<BackupSummary> {
  const fileSystem = options.fileSystem ?? nodeFileSystem()
  const record = pick(fileSystem, directory, options.id)
  claimEmpty(fileSystem, target)
  const pace = new Pace(options, summaryOf(record).bytes)
  try {
    const isManifest = ({ name }: BackupFile): boolean => name.startsWith('MANIFEST-')
    const content = record.files.filter((file) => !isManifest(file))
    for (const files of [content, record.files.filter(isManifest)]) {
      for (const file of files) {
        const path = `${filesOf(directory)}/${file.hash}`
        const hash = createHash('sha256')
        const bytes = await copyFile(fileSystem, path, `${target}/${file.name}`, pace, hash)
        check(path, file, bytes, hash.digest('hex'))
      }
      await fileSystem.syncDirectory(target)
    }
    return summaryOf(record)
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    throw ioError(error, 'restore to', target)
  }
}

/** Removes one backup, and the files that only it needed. */
export async function deleteBackup(
  directory: string,
  id: number,
  options: Pick<BackupReadOptions, 'fileSystem'> = {},
): Promise<void> {
  const fileSystem = options.fileSystem ?? nodeFileSystem()
  const lock = fileSystem.lock(directory)
  try {
    readRecord(fileSystem, directory, id)
    fileSystem.removeNow(recordPath(directory, id))
    await fileSystem.syncDirectory(recordsOf(directory))
    await removeUnused(fileSystem, directory, Number.POSITIVE_INFINITY)
  } finally {
    lock.release()
  }
}

function pick(fileSystem: FileSystem, directory: string, id: number | undefined): BackupRecord {
  const newest = listIds(fileSystem, directory).at(-1)
  if (newest !== undefined) return readRecord(fileSystem, directory, id ?? newest)
  throw new StoreError('STORE_MISSING', `${directory} holds no backups: check the path.`, {
    path: directory,
  })
}

function check(path: string, file: BackupFile, bytes: number, hash: string): void {
  if (bytes === file.bytes && hash === file.hash) return
  throw corruption(path, 0, `${file.name} does not have the content that was backed up`)
}
