import { TransportError } from '../errors.ts'

/** The header that tells of which version a record is. */
export const VERSION_HEADER = 'Ashlar-Version'

/** Of a record without {@link VERSION_HEADER}. */
const FIRST: WireVersion = Object.freeze({ major: 1, minor: 0 })
const FORM = /^([1-9]\d{0,4})(?:\.(0|[1-9]\d{0,4}))?$/

/**
 * The version of a record: readers of a major version understand all its minor ones, which only add
 * what may be left unread, and all before.
 */
export interface WireVersion {
  readonly major: number
  readonly minor: number
}

/** Reads `2` or `2.1`; undefined for anything else. */
export function parseVersion(text: string): WireVersion | undefined {
  const [, major, minor = '0'] = FORM.exec(text) ?? []
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) }
}

/** The version of what was received. Throws `VERSION_UNSUPPORTED` for what this side cannot know. */
export function receivedVersion(header: string | undefined, known: WireVersion): WireVersion {
  if (header === undefined) return FIRST
  const version = parseVersion(header)
  if (version === undefined) {
    throw new TransportError(
      'VERSION_UNSUPPORTED',
      `${VERSION_HEADER} must be a version such as 2.1, got ${JSON.stringify(header.slice(0, 40))}`,
    )
  }
  if (version.major <= known.major) return version
  throw new TransportError(
    'VERSION_UNSUPPORTED',
    `the record has version ${header}, known are those up to ${known.major}: update this program`,
  )
}
