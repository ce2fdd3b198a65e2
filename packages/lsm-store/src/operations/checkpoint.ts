import { dirname } from 'node:path'
import { ioError, isStoreError, StoreError } from '../errors.ts'
import { type FileSystem, isMissing } from '../fs/file-system.ts'
import { MANIFEST_NAMES } from '../manifest/manifest-format.ts'
import { copyFile, writeFile } from './copy-file.ts'
import { type OperationOptions, Pace } from './progress.ts'
import type { ImageFile, StoreImage } from './store-image.ts'

/** What a checkpoint made. */
export interface CheckpointInfo {
  readonly path: string
  /** The last operation in it. */
  readonly sequence: number
  readonly tables: number
  readonly valueFiles: number
  /** Of these files, how many share their space with the store's. */
  readonly linked: number
  readonly bytes: number
}

/** Puts an image into a directory that is empty or not there. The manifest comes last. */
export async function writeCheckpoint(
  fileSystem: FileSystem,
  image: StoreImage,
  path: string,
  options: OperationOptions,
): Promise<CheckpointInfo> {
  try {
    claimEmpty(fileSystem, path)
    const pace = new Pace(options, image.bytes)
    let linked = 0
    for (const file of [...image.values, ...image.tables]) {
      if (await placeFile(fileSystem, file, `${path}/${file.name}`, pace)) linked += 1
    }
    for (const { name, content } of image.logs) {
      await writeFile(fileSystem, `${path}/${name}`, content)
      await pace.step(`${path}/${name}`, content.length)
    }
    await fileSystem.syncDirectory(path)
    // Without a manifest nothing takes the directory for a store.
    for (const name of MANIFEST_NAMES)
      await writeFile(fileSystem, `${path}/${name}`, image.manifest)
    await fileSystem.syncDirectory(path)
    await syncParent(fileSystem, path)
    const { lastSequence, tables, values, bytes } = image
    const counts = { tables: tables.length, valueFiles: values.length, linked }
    return { path, sequence: lastSequence, ...counts, bytes }
  } catch (error) {
    if (isStoreError(error) || options.signal?.aborted === true) throw error
    throw ioError(error, 'write a checkpoint to', path)
  }
}

/** Makes the directory, or throws `STORE_EXISTS` when something is in it. */
export function claimEmpty(fileSystem: FileSystem, path: string): void {
  let names: readonly string[] = []
  try {
    names = fileSystem.list(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  if (names.length > 0) {
    throw new StoreError(
      'STORE_EXISTS',
      `${path} is not empty: files exist in it already. Name a new directory.`,
      { path },
    )
  }
  fileSystem.makeDirectory(path)
}

/** True when the file was linked, not copied. */
async function placeFile(
  fileSystem: FileSystem,
  file: ImageFile,
  to: string,
  pace: Pace,
): Promise<boolean> {
  if (!tryLink(fileSystem, file.path, to)) {
    await copyFile(fileSystem, file.path, to, pace)
    return false
  }
  await pace.step(to, file.bytes)
  return true
}

function tryLink(fileSystem: FileSystem, from: string, to: string): boolean {
  if (fileSystem.link === undefined) return false
  try {
    fileSystem.link(from, to)
    return true
  } catch {
    // Another device, or a file system without links: copying tells what else may be wrong.
    return false
  }
}

async function syncParent(fileSystem: FileSystem, path: string): Promise<void> {
  await fileSystem.syncDirectory(dirname(path))
}
