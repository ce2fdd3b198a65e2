import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

interface WithDescriptor {
  readonly _handle?: { readonly fd?: number } | null
}

/** Longer replies go by the stream: a copy that the kernel may not take whole saves nothing. */
const MAX_BYTES = 16 * 1024

/**
 * Writes latin1 text to a socket past its stream, which costs as much again as the system call.
 * Only while nothing waits in the stream. Answers the bytes that the kernel took; the rest, and all
 * where Node does not tell the descriptor (Windows), is the stream's. Not for encrypted sockets: their
 * descriptor takes what is encrypted already.
 */
export function writeNow(socket: Socket, text: string): number {
  if (text.length > MAX_BYTES || socket.writableLength > 0) return 0
  // the handle is not in Node's types; `withSharedBuffer` leans on it too
  const fd = (socket as unknown as WithDescriptor)._handle?.fd
  if (fd === undefined || fd < 0) return 0
  try {
    return writeSync(fd, text, null, 'latin1')
  } catch {
    // full, or broken: the stream waits, or reports it
    return 0
  }
}
