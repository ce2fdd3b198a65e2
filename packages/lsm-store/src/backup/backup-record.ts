/**
 * What a backup directory holds, described in docs/formats/backup.md: files under the hash of their
 * content, each once, and for each backup a record of which files make it up.
 */
import { FRAME_HEADER_BYTES, frameEnd, sealFrame } from '../bytes/frame.ts'
import { isCount } from '../bytes/integers.ts'
import { corruption, StoreError } from '../errors.ts'
import { type FileSystem, isMissing, readWholeFile } from '../fs/file-system.ts'

const MAGIC = 'ashlar-lsm-backup'
const FORMAT = 1
const FRAME_RECORD = 1

/** One file of a backed-up store. */
export interface BackupFile {
  /** Its name in the store. */
  readonly name: string
  readonly bytes: number
  /** SHA-256 of the content, in hex: its name in the backup. */
  readonly hash: string
}

/** One backup: a whole store at one moment. */
export interface BackupRecord {
  /** Counts backups of this directory, from 1. */
  readonly id: number
  /** When it was made: milliseconds since 1970. */
  readonly at: number
  /** The last operation in it. */
  readonly sequence: number
  readonly files: readonly BackupFile[]
}

export const recordsOf = (directory: string): string => `${directory}/records`
export const filesOf = (directory: string): string => `${directory}/files`
export const recordPath = (directory: string, id: number): string =>
  `${recordsOf(directory)}/${String(id).padStart(8, '0')}.backup`

export function encodeRecord(record: BackupRecord): Uint8Array {
  const json = Buffer.from(JSON.stringify({ magic: MAGIC, format: FORMAT, ...record }))
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + json.length)
  bytes.set(json, FRAME_HEADER_BYTES)
  sealFrame(bytes, 0, bytes.length, FRAME_RECORD)
  return bytes
}

/** Ids of the backups in a directory, ascending; none when there is no such directory. */
export function listIds(fileSystem: FileSystem, directory: string): number[] {
  try {
    return fileSystem
      .list(recordsOf(directory))
      .map((name) => /^(\d{8,})\.backup$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** @throws StoreError `STORE_MISSING`, `STORE_CORRUPT`, `STORE_VERSION` */
export function readRecord(fileSystem: FileSystem, directory: string, id: number): BackupRecord {
  const path = recordPath(directory, id)
  let bytes: Uint8Array
  try {
    bytes = readWholeFile(fileSystem, path)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new StoreError('STORE_MISSING', `${directory} has no backup ${id}.`, { path })
  }
  if (bytes.length < FRAME_HEADER_BYTES || frameEnd(bytes, 0, bytes.length) !== bytes.length) {
    throw corruption(path, 0, 'a record whose checksum does not fit')
  }
  const json = JSON.parse(Buffer.from(bytes.subarray(FRAME_HEADER_BYTES)).toString()) as Partial<
    BackupRecord & { magic: unknown; format: unknown }
  >
  if (json.magic === MAGIC && json.format !== FORMAT) {
    throw new StoreError(
      'STORE_VERSION',
      `${path} has backup format ${String(json.format)}; this release reads ${FORMAT}. Update the package.`,
      { path },
    )
  }
  const { at, sequence, files } = json
  const sound = isCount(at) && isCount(sequence) && Array.isArray(files) && files.every(isFile)
  if (json.magic !== MAGIC || json.id !== id || !sound)
    throw corruption(path, 0, 'no backup record')
  return { id, at, sequence, files }
}

/** Names are checked, so that a record leads nowhere but into the directory it is restored to. */
function isFile(value: unknown): value is BackupFile {
  const { name, bytes, hash } = (value ?? {}) as Partial<Record<keyof BackupFile, unknown>>
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$/.test(name)) return false
  return isCount(bytes) && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)
}
