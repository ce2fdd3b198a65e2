import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

interface WithDescriptor {
  readonly _handle?: { readonly fd?: number } | null
}

/**
 * Writes to a socket past its stream, which costs as much again as the system call. Only while
 * nothing waits in the stream. Answers the bytes that the kernel took; the rest, and all where Node
 * does not tell the descriptor (Windows), is the stream's. Not for encrypted sockets: their
 * descriptor takes what is encrypted already.
 */
export function writeNow(socket: Socket, bytes: Buffer, length: number): number {
  if (socket.writableLength > 0) return 0
  // the handle is not in Node's types; `withSharedBuffer` leans on it too
  const fd = (socket as unknown as WithDescriptor)._handle?.fd
  if (fd === undefined || fd < 0) return 0
  try {
    return writeSync(fd, bytes, 0, length)
  } catch {
    // full, or broken: the stream waits, or reports it
    return 0
  }
}
