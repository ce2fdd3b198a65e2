import { TransportError } from '../errors.ts'
import type { Headers } from './message.ts'

/** Shared by all messages without headers. */
export const NO_HEADERS: Headers = Object.freeze(Object.create(null)) as Headers

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const RESERVED = /^(?:nats|kv)-/i
const CONTROL = /\p{Cc}/u

/**
 * A frozen copy of the headers, checked to be writable by every driver. Throws TypeError for a
 * name or value that cannot travel and `PAYLOAD_TOO_LARGE` for too many bytes.
 */
export function copyHeaders(headers: Headers | undefined, maxBytes: number): Headers {
  if (headers === undefined) return NO_HEADERS
  const copy: Record<string, string> = Object.create(null)
  let bytes = 0
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (!NAME.test(name)) throw new TypeError(`header name ${JSON.stringify(name)} is no token`)
    if (RESERVED.test(name)) {
      throw new TypeError(`header name ${JSON.stringify(name)} belongs to the driver`)
    }
    if (typeof value !== 'string' || CONTROL.test(value) || value.trim() !== value) {
      throw new TypeError(
        `header ${name} must be text without control characters or space at its ends`,
      )
    }
    bytes += name.length + Buffer.byteLength(value)
    copy[name] = value
  }
  if (bytes > maxBytes) {
    throw new TransportError(
      'PAYLOAD_TOO_LARGE',
      `headers take ${bytes} bytes, at most ${maxBytes} are allowed; move data to the payload`,
    )
  }
  return Object.freeze(copy)
}

/** Bytes that names and values take together. */
export function headerBytes(headers: Headers): number {
  if (headers === NO_HEADERS) return 0
  let bytes = 0
  for (const name of Object.keys(headers)) {
    bytes += name.length + Buffer.byteLength(headers[name] ?? '')
  }
  return bytes
}
