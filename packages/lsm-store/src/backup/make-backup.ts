import { createHash } from 'node:crypto'
import { ioError } from '../errors.ts'
import type { FileSystem } from '../fs/file-system.ts'
import { MANIFEST_NAMES } from '../manifest/manifest-format.ts'
import { copyFile, readInPieces, writeFile } from '../operations/copy-file.ts'
import { type OperationOptions, Pace } from '../operations/progress.ts'
import type { StoreImage } from '../operations/store-image.ts'
import {
  type BackupFile,
  encodeRecord,
  filesOf,
  listIds,
  recordPath,
  recordsOf,
} from './backup-record.ts'
import { removeUnused } from './prune.ts'

/** What a backup may be told. */
export interface BackupOptions extends OperationOptions {
  /** Keeps so many backups, the newest, and removes older ones. Default: all. */
  readonly keep?: number
}

/** What a backup did. */
export interface BackupInfo {
  /** Names it in `restoreBackup` and others. */
  readonly id: number
  readonly sequence: number
  readonly files: number
  readonly bytes: number
  /** Files that were not in the directory yet. */
  readonly copiedFiles: number
  readonly copiedBytes: number
}

/** Adds an image to a backup directory; content that is there already is not copied again. */
export async function makeBackup(
  fileSystem: FileSystem,
  image: StoreImage,
  directory: string,
  at: number,
  options: BackupOptions,
): Promise<BackupInfo> {
  const { keep = Number.POSITIVE_INFINITY } = options
  if (!(keep >= 1 && (Number.isSafeInteger(keep) || keep === Number.POSITIVE_INFINITY))) {
    throw new RangeError(`keep must be an integer of at least 1, got ${String(keep)}`)
  }
  try {
    for (const path of [directory, filesOf(directory), recordsOf(directory)]) {
      fileSystem.makeDirectory(path)
    }
    const lock = fileSystem.lock(directory)
    try {
      return await addBackup(fileSystem, image, directory, at, { ...options, keep })
    } finally {
      lock.release()
    }
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    throw ioError(error, 'back up to', directory)
  }
}

async function addBackup(
  fileSystem: FileSystem,
  image: StoreImage,
  directory: string,
  at: number,
  options: BackupOptions & { readonly keep: number },
): Promise<BackupInfo> {
  const keeper = new FileKeeper(fileSystem, directory, new Pace(options, image.bytes))
  const files = await keepAll(keeper, image)
  const id = (listIds(fileSystem, directory).at(-1) ?? 0) + 1
  const { lastSequence: sequence } = image
  await keeper.publish(encodeRecord({ id, at, sequence, files }), recordPath(directory, id))
  await fileSystem.syncDirectory(recordsOf(directory))
  if (options.keep < id) await removeUnused(fileSystem, directory, options.keep)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const { copiedFiles, copiedBytes } = keeper
  return { id, sequence, files: files.length, bytes, copiedFiles, copiedBytes }
}

async function keepAll(keeper: FileKeeper, image: StoreImage): Promise<BackupFile[]> {
  const files: BackupFile[] = []
  for (const { name, path } of [...image.values, ...image.tables])
    files.push(await keeper.keepFile(name, path))
  for (const { name, content } of image.logs) files.push(await keeper.keepBytes(name, content))
  for (const name of MANIFEST_NAMES) files.push(await keeper.keepBytes(name, image.manifest))
  await keeper.sync()
  return files
}

/** Puts content under its hash. */
class FileKeeper {
  copiedFiles = 0
  copiedBytes = 0
  readonly #fileSystem: FileSystem
  readonly #folder: string
  readonly #pace: Pace
  readonly #present: Set<string>

  constructor(fileSystem: FileSystem, directory: string, pace: Pace) {
    this.#fileSystem = fileSystem
    this.#folder = filesOf(directory)
    this.#pace = pace
    this.#present = new Set(fileSystem.list(this.#folder))
  }

  async keepFile(name: string, path: string): Promise<BackupFile> {
    const hash = createHash('sha256')
    const bytes = await readInPieces(this.#fileSystem, path, this.#pace, (piece) => {
      hash.update(piece)
    })
    const digest = hash.digest('hex')
    if (!this.#present.has(digest)) {
      const temporary = `${this.#folder}/${digest}.tmp`
      await copyFile(this.#fileSystem, path, temporary, this.#pace)
      this.#adopt(temporary, digest, bytes)
    }
    return { name, bytes, hash: digest }
  }

  async keepBytes(name: string, content: Uint8Array): Promise<BackupFile> {
    const digest = createHash('sha256').update(content).digest('hex')
    if (!this.#present.has(digest)) {
      const temporary = `${this.#folder}/${digest}.tmp`
      await writeFile(this.#fileSystem, temporary, content)
      this.#adopt(temporary, digest, content.length)
    }
    await this.#pace.step(name, content.length)
    return { name, bytes: content.length, hash: digest }
  }

  #adopt(temporary: string, digest: string, bytes: number): void {
    this.#fileSystem.rename(temporary, `${this.#folder}/${digest}`)
    this.#present.add(digest)
    this.copiedFiles += 1
    this.copiedBytes += bytes
  }

  sync(): Promise<void> {
    return this.#fileSystem.syncDirectory(this.#folder)
  }

  /** A record counts from its rename on. */
  async publish(bytes: Uint8Array, path: string): Promise<void> {
    await writeFile(this.#fileSystem, `${path}.tmp`, bytes)
    this.#fileSystem.rename(`${path}.tmp`, path)
  }
}
