import { corruption, ioError, StoreError } from '../errors.ts'
import type { StoreFile } from '../fs/file-system.ts'
import { type FileSystem, isMissing, readWholeFile, writeFully } from '../fs/file-system.ts'
import {
  applyEdit,
  encodeEdit,
  encodeState,
  MANIFEST_FORMAT_VERSION,
  MANIFEST_NAMES,
  type ManifestEdit,
  type ManifestScan,
  type ManifestState,
  scanManifest,
} from './manifest-format.ts'

/** A copy is written anew when its edits take this much more than its state. */
const REWRITE_BYTES = 256 * 1024

interface Copy {
  readonly path: string
  file: StoreFile | undefined
  /** Where the next edit goes. */
  end: number
  stateBytes: number
  /** It lacks edits, for want of space. */
  behind: boolean
}

/** What reading a manifest found. */
export interface LoadedManifest {
  readonly manifest: Manifest
  /** Copies that had been damaged, and were written anew from the other one. */
  readonly repaired: readonly string[]
  /** One copy alone proves the state: what it does not know is a leftover. */
  readonly proven: boolean
}

/**
 * Keeps the state of a store durable, in two copies. An edit counts once the first copy is synced.
 */
export class Manifest {
  state: ManifestState
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #copies: Copy[]
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(fileSystem: FileSystem, directory: string, state: ManifestState) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.state = state
    this.#copies = MANIFEST_NAMES.map((name) => ({
      path: `${directory}/${name}`,
      file: undefined,
      end: 0,
      stateBytes: 0,
      behind: false,
    }))
  }

  /** Writes the manifest of a new store. */
  static create(fileSystem: FileSystem, directory: string, state: ManifestState): Manifest {
    const manifest = new Manifest(fileSystem, directory, state)
    for (const copy of manifest.#copies) manifest.#rewrite(copy)
    return manifest
  }

  /** The state that the copies prove, without changing them; undefined when there is none. */
  static read(
    fileSystem: FileSystem,
    directory: string,
  ): { readonly state: ManifestState; readonly damaged: readonly string[] } | undefined {
    const paths = MANIFEST_NAMES.map((name) => `${directory}/${name}`)
    const scans = paths.map((path) => readCopy(fileSystem, path))
    if (scans.every((scan) => scan === undefined)) return undefined
    checkFormat(directory, scans)
    const state = mergeScans(directory, scans)
    return { state, damaged: paths.filter((_, i) => isDamaged(scans[i], state)) }
  }

  /** Reads the manifest; undefined when there is none. */
  static load(fileSystem: FileSystem, directory: string): LoadedManifest | undefined {
    const scans = MANIFEST_NAMES.map((name) => readCopy(fileSystem, `${directory}/${name}`))
    if (scans.every((scan) => scan === undefined)) return undefined
    checkFormat(directory, scans)
    const state = mergeScans(directory, scans)
    const manifest = new Manifest(fileSystem, directory, state)
    const whole = scans.map((scan) => scan !== undefined && isWhole(scan, state))
    const repaired: string[] = []
    for (const [i, copy] of manifest.#copies.entries()) {
      if (isDamaged(scans[i], state)) repaired.push(copy.path)
      if (whole[i] && scans[i]?.outdated === false) manifest.#reopen(copy)
      else manifest.#rewrite(copy)
    }
    return { manifest, repaired, proven: whole.includes(true) }
  }

  /** Makes an edit durable, then part of {@link Manifest.state}. Edits wait for each other. */
  commit(edit: ManifestEdit): Promise<ManifestState> {
    const done = this.#queue.then(() => this.#commit(edit))
    this.#queue = done.catch(() => {})
    return done
  }

  async #commit(edit: ManifestEdit): Promise<ManifestState> {
    const state = applyEdit(this.state, edit)
    const bytes = encodeEdit(state.ordinal, edit)
    const [first, second] = this.#copies as [Copy, Copy]
    append(first, bytes)
    await syncCopy(first)
    // It counts. What fails for want of space from here on can wait.
    this.state = state
    if (!second.behind) second.behind = !hasSpace(() => append(second, bytes))
    if (!second.behind) await syncCopy(second)
    for (const copy of this.#copies) {
      const outgrown = copy.end > copy.stateBytes * 2 + REWRITE_BYTES
      if (copy.behind || outgrown) hasSpace(() => this.#rewrite(copy))
    }
    return state
  }

  #reopen(copy: Copy): void {
    copy.file = this.#fileSystem.open(copy.path, 'write')
    copy.end = copy.file.size()
    copy.stateBytes = encodeState(this.state).length
  }

  /** Replaces a copy by one that holds the state alone. The other copy stays whole meanwhile. */
  #rewrite(copy: Copy): void {
    const bytes = encodeState(this.state)
    const temporary = `${copy.path}.tmp`
    const file = this.#fileSystem.open(temporary, 'create')
    try {
      writeFully(file, bytes, 0, bytes.length, 0)
      file.syncNow()
      this.#fileSystem.rename(temporary, copy.path)
      this.#fileSystem.syncDirectoryNow(this.#directory)
    } catch (error) {
      file.close()
      throw error
    }
    copy.behind = false
    copy.file?.close()
    copy.file = file
    copy.end = bytes.length
    copy.stateBytes = bytes.length
  }

  /** Waits for edits in flight. */
  async close(): Promise<void> {
    await this.#queue
    for (const copy of this.#copies) {
      copy.file?.close()
      copy.file = undefined
    }
  }
}

/** Writes an edit behind what counts; what a failure leaves there is cut off again. */
function append(copy: Copy, bytes: Uint8Array): void {
  const file = copy.file as StoreFile
  try {
    writeFully(file, bytes, 0, bytes.length, copy.end)
  } catch (error) {
    cutOff(copy)
    throw error
  }
  copy.end += bytes.length
}

/** What cannot be cut off may count after all: that is no full disk, whatever the system calls it. */
function cutOff({ file, path, end }: Copy): void {
  try {
    file?.truncate(end)
  } catch (cause) {
    throw new StoreError('STORE_IO', `Could not cut off an edit of ${path}.`, { cause, path })
  }
}

/** A failed sync must not be taken for a full disk, whatever the system calls it. */
async function syncCopy({ file, path }: Copy): Promise<void> {
  try {
    await file?.sync()
  } catch (cause) {
    throw new StoreError('STORE_IO', `Could not sync ${path}.`, { cause, path })
  }
}

/** False when it failed for want of space; other failures are thrown. */
function hasSpace(write: () => void): boolean {
  try {
    write()
    return true
  } catch (error) {
    if (ioError(error, 'write', '').code === 'STORE_FULL') return false
    throw error
  }
}

function readCopy(fileSystem: FileSystem, path: string): ManifestScan | undefined {
  try {
    return scanManifest(readWholeFile(fileSystem, path))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function checkFormat(directory: string, scans: readonly (ManifestScan | undefined)[]): void {
  const foreign = scans.find((scan) => scan?.foreignFormat !== undefined)?.foreignFormat
  if (foreign === undefined) return
  throw new StoreError(
    'STORE_VERSION',
    `${directory} has manifest format ${JSON.stringify(foreign)}; this release reads ` +
      `${MANIFEST_FORMAT_VERSION}. Update the package.`,
    { path: directory },
  )
}

/** The state that both copies together prove. */
function mergeScans(
  directory: string,
  scans: readonly (ManifestScan | undefined)[],
): ManifestState {
  let state: ManifestState | undefined
  const edits = new Map<number, ManifestEdit>()
  for (const found of scans.flatMap((scan) => scan?.frames ?? [])) {
    if (found.kind === 'edit') edits.set(found.ordinal, found.edit)
    else if (state === undefined || found.state.ordinal > state.ordinal) state = found.state
  }
  const highest = Math.max(...edits.keys(), 0)
  const path = `${directory}/${MANIFEST_NAMES[0]}`
  const damagedAt = scans.find((scan) => scan?.damagedAt !== undefined)?.damagedAt ?? 0
  if (state === undefined) throw corruption(path, damagedAt, 'no state in either copy')
  while (state.ordinal < highest) {
    const edit: ManifestEdit | undefined = edits.get(state.ordinal + 1)
    if (edit === undefined) {
      throw corruption(path, damagedAt, `edit ${state.ordinal + 1} is in neither copy`)
    }
    state = applyEdit(state, edit)
  }
  return state
}

/** True when the copy alone leads to the state, and ends with it. */
function isWhole(scan: ManifestScan, state: ManifestState): boolean {
  if (scan.damagedAt !== undefined || scan.frames[0]?.kind !== 'state') return false
  return lastOrdinal(scan) === state.ordinal
}

function lastOrdinal({ frames }: ManifestScan): number {
  const last = frames[frames.length - 1]
  return (last?.kind === 'edit' ? last.ordinal : last?.state.ordinal) ?? -1
}

/** True for more than what a crash leaves: a copy short of its last edit, or one not yet made. */
function isDamaged(scan: ManifestScan | undefined, state: ManifestState): boolean {
  if (scan === undefined) return state.ordinal > 0
  return scan.goesOnBehindDamage || lastOrdinal(scan) < state.ordinal - 1
}
