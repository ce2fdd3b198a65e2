import { readSync } from 'node:fs'
import type { Socket } from 'node:net'

interface WithDescriptor {
  readonly _handle?: { readonly fd?: number } | null
}

/**
 * Reads what a socket has now, past the event loop, which a script holds: sockets never block, so
 * this answers 0 when there is nothing. Also 0 where Node does not tell the descriptor (Windows).
 */
export function readNow(socket: Socket, buffer: Buffer): number {
  // the handle is not in Node's types; `withSharedBuffer` leans on it too
  const fd = (socket as unknown as WithDescriptor)._handle?.fd
  if (fd === undefined || fd < 0) return 0
  try {
    return readSync(fd, buffer)
  } catch {
    // nothing there, or an error that the event loop will report
    return 0
  }
}
