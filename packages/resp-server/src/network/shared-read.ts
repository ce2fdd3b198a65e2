import { Socket } from 'node:net'

/** Bytes read at once; also the most that one client's pipeline gets before others do. */
export const READ_BUFFER_BYTES: number = 64 * 1024

/** The part of an accepted socket that is not public API. */
interface WithHandle {
  readonly _handle?: unknown
}

/**
 * Rebuilds an accepted, paused socket so that it reads into one buffer shared by all
 * connections instead of allocating per read. Node documents `onread` for outgoing sockets only,
 * so this hands over the accepted handle; undefined when Node no longer allows that, and the
 * caller then listens to 'data'.
 */
export function withSharedBuffer(
  accepted: Socket,
  buffer: Buffer,
  onRead: (length: number) => void,
): Socket | undefined {
  // the handle is not in Node's types: it is what 'undocumented' above means
  const handle = (accepted as unknown as WithHandle)._handle
  if (handle === undefined || handle === null) return undefined
  const options = {
    handle,
    allowHalfOpen: false,
    onread: {
      buffer,
      callback: (length: number): boolean => {
        onRead(length)
        return true
      },
    },
  }
  try {
    return new Socket(options)
  } catch {
    return undefined
  }
}
