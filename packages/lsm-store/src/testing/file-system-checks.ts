import { isStoreError } from '../errors.ts'
import { type FileSystem, isMissing } from '../fs/file-system.ts'

/** One thing that a store relies on. `run` throws when the file system does it otherwise. */
export interface FileSystemCheck {
  readonly name: string
  /** `directory` does not exist yet; each check has its own. */
  readonly run: (fileSystem: FileSystem, directory: string) => Promise<void>
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))

function expectEqual(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: found ${a}, expected ${b}`)
}

function expectThrows(
  action: () => unknown,
  test: (error: unknown) => boolean,
  what: string,
): void {
  try {
    action()
  } catch (error) {
    if (test(error)) return
    throw new Error(`${what}: the wrong error`, { cause: error })
  }
  throw new Error(`${what}: no error`)
}

function readText(fileSystem: FileSystem, path: string): string {
  const file = fileSystem.open(path, 'read')
  const into = new Uint8Array(file.size())
  const count = file.read(into, 0, into.length, 0)
  file.close()
  return Buffer.from(into.subarray(0, count)).toString()
}

function writeText(fileSystem: FileSystem, path: string, text: string): void {
  const file = fileSystem.open(path, 'create')
  file.write(bytes(text), 0, text.length, 0)
  file.close()
}

async function contents(fileSystem: FileSystem, directory: string): Promise<void> {
  fileSystem.makeDirectory(directory)
  fileSystem.makeDirectory(directory)
  const path = `${directory}/a`
  const file = fileSystem.open(path, 'create')
  expectEqual(file.write(bytes('-hello'), 1, 5, 0), 5, 'bytes written')
  expectEqual(file.write(bytes('HE'), 0, 2, 8), 2, 'bytes written behind the end')
  expectEqual(file.size(), 10, 'size')
  const into = new Uint8Array(12).fill(1)
  expectEqual(file.read(into, 2, 9, 3), 7, 'bytes read up to the end')
  expectEqual([...into], [1, 1, 108, 111, 0, 0, 0, 72, 69, 1, 1, 1], 'what was read')
  expectEqual(file.read(into, 0, 4, 10), 0, 'bytes read at the end')
  file.truncate(3)
  await file.sync()
  file.syncNow()
  file.close()
  file.close()
  expectEqual(readText(fileSystem, path), 'hel', 'content after truncating')
  const shared = new Uint8Array(new SharedArrayBuffer(4))
  const again = fileSystem.open(path, 'write')
  expectEqual(again.read(shared, 0, 3, 0), 3, 'bytes read into shared memory')
  expectEqual(again.write(shared, 0, 3, 3), 3, 'bytes written from shared memory')
  again.close()
  expectEqual(readText(fileSystem, path), 'helhel', 'content through shared memory')
}

async function names(fileSystem: FileSystem, directory: string): Promise<void> {
  expectThrows(() => fileSystem.open(`${directory}/a`, 'create'), isMissing, 'no directory')
  expectThrows(() => fileSystem.list(directory), isMissing, 'listing no directory')
  fileSystem.makeDirectory(directory)
  expectThrows(() => fileSystem.open(`${directory}/a`, 'read'), isMissing, 'reading no file')
  expectThrows(() => fileSystem.open(`${directory}/a`, 'write'), isMissing, 'writing no file')
  for (const name of ['a', 'b', 'c']) writeText(fileSystem, `${directory}/${name}`, name)
  fileSystem.rename(`${directory}/a`, `${directory}/b`)
  await fileSystem.syncDirectory(directory)
  fileSystem.syncDirectoryNow(directory)
  expectEqual(fileSystem.list(directory).sort(), ['b', 'c'], 'names after renaming')
  expectEqual(readText(fileSystem, `${directory}/b`), 'a', 'content after renaming')
  writeText(fileSystem, `${directory}/b`, '')
  expectEqual(readText(fileSystem, `${directory}/b`), '', 'content after making it anew')
  const open = fileSystem.open(`${directory}/c`, 'read')
  await fileSystem.remove(`${directory}/c`)
  const into = new Uint8Array(1)
  expectEqual(open.read(into, 0, 1, 0), 1, 'bytes read after removing')
  open.close()
  fileSystem.removeNow(`${directory}/b`)
  expectEqual(fileSystem.list(directory), [], 'names after removing')
  expectThrows(() => fileSystem.removeNow(`${directory}/b`), isMissing, 'removing no file')
}

async function locks(fileSystem: FileSystem, directory: string): Promise<void> {
  fileSystem.makeDirectory(directory)
  const lock = fileSystem.lock(directory)
  const isLocked = (error: unknown): boolean =>
    isStoreError(error, 'STORE_LOCKED') && error.message.includes(`pid ${process.pid}`)
  expectThrows(() => fileSystem.lock(directory), isLocked, 'locking twice')
  lock.release()
  lock.release()
  fileSystem.lock(directory).release()
}

/**
 * What a store asks of a {@link FileSystem}, for testing one of your own.
 *
 * @example
 * ```ts
 * for (const { name, run } of fileSystemChecks) {
 *   test(name, () => run(myFileSystem(), `/checks/${name}`))
 * }
 * ```
 */
export const fileSystemChecks: readonly FileSystemCheck[] = [
  { name: 'reads, writes and truncates at any place', run: contents },
  { name: 'lists, renames and removes names', run: names },
  { name: 'gives the lock to one at a time and names the holder', run: locks },
]
