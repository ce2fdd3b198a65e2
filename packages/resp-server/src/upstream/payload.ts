import type { FileHandle } from 'node:fs/promises'
import type { SocketReader } from './socket-reader.ts'

const MARK_BYTES = 40

/**
 * Receives an RDB file as a primary sends it and writes it to a file: `$<bytes>`, or
 * `$EOF:<mark>` where the size was not known before, and the mark stands at the end.
 */
export async function receivePayload(reader: SocketReader, file: FileHandle): Promise<void> {
  const header = await reader.line()
  const mark = /^\$EOF:(.{40})$/.exec(header)?.[1]
  if (mark !== undefined) return await receiveMarked(reader, file, Buffer.from(mark, 'latin1'))
  const size = /^\$(\d+)$/.exec(header)?.[1]
  if (size === undefined) throw new Error(`no snapshot came, but '${header.slice(0, 128)}'`)
  let missing = Number(size)
  while (missing > 0) {
    const chunk = await reader.some()
    if (chunk.length > missing) reader.unread(chunk.subarray(missing))
    const part = chunk.subarray(0, missing)
    await file.write(part)
    missing -= part.length
  }
}

/** Nothing follows the mark until the receiver has told that it came this far. */
async function receiveMarked(reader: SocketReader, file: FileHandle, mark: Buffer): Promise<void> {
  let held = Buffer.alloc(0)
  for (;;) {
    held = Buffer.concat([held, await reader.some()])
    if (held.length < MARK_BYTES) continue
    const rest = held.length - MARK_BYTES
    const isEnd = held.subarray(rest).equals(mark)
    if (rest > 0) await file.write(held.subarray(0, rest))
    if (isEnd) return
    held = Buffer.from(held.subarray(rest))
  }
}
