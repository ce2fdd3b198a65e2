import type { Hash } from 'node:crypto'
import { type FileSystem, readFully, type StoreFile, writeFully } from '../fs/file-system.ts'
import type { Pace } from './progress.ts'

const CHUNK_BYTES = 256 * 1024

/** Reads a file piece by piece. */
export async function readInPieces(
  fileSystem: FileSystem,
  path: string,
  pace: Pace,
  onPiece: (piece: Uint8Array, position: number) => void,
): Promise<number> {
  const file = fileSystem.open(path, 'read')
  try {
    const buffer = new Uint8Array(CHUNK_BYTES)
    let position = 0
    for (;;) {
      const count = readFully(file, buffer, 0, buffer.length, position)
      if (count > 0) onPiece(buffer.subarray(0, count), position)
      position += count
      await pace.step(path, count)
      if (count < buffer.length) return position
    }
  } finally {
    file.close()
  }
}

/** Copies a file durably under another name; `hash` sees its bytes. Returns how many they are. */
export async function copyFile(
  fileSystem: FileSystem,
  from: string,
  to: string,
  pace: Pace,
  hash?: Hash,
): Promise<number> {
  const target = fileSystem.open(to, 'create')
  try {
    const length = await readInPieces(fileSystem, from, pace, (piece, position) => {
      hash?.update(piece)
      writeFully(target, piece, 0, piece.length, position)
    })
    await target.sync()
    return length
  } finally {
    target.close()
  }
}

/** Writes a small file durably. */
export async function writeFile(
  fileSystem: FileSystem,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  const file: StoreFile = fileSystem.open(path, 'create')
  try {
    writeFully(file, bytes, 0, bytes.length, 0)
    await file.sync()
  } finally {
    file.close()
  }
}
