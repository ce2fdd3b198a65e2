import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

interface WithHandle {
  readonly _handle?: object | null
}

/**
 * Writes to a socket past its stream, which costs as much again as the system call. Only while
 * nothing waits in the stream. Answers the bytes that the kernel took; the rest, and all where Node
 * does not tell the descriptor (Windows), which is -1 then, is the stream's. Not for encrypted
 * sockets: their descriptor takes what is encrypted already.
 */
export function writeNow(socket: Socket, fd: number, bytes: Buffer, length: number): number {
  if (fd < 0 || socket.writableLength > 0) return 0
  // without its handle the descriptor is closed, and may be another's by now: the handle is not in
  // Node's types; `withSharedBuffer` leans on it too
  if ((socket as unknown as WithHandle)._handle == null) return 0
  try {
    return writeSync(fd, bytes, 0, length)
  } catch {
    // full, or broken: the stream waits, or reports it
    return 0
  }
}
