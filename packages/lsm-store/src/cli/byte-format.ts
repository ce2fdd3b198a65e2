import { type Call, textOption, UsageError } from './command.ts'

/** How bytes are written on a command line. */
export type ByteFormat = 'text' | 'hex' | 'base64'

const FORMATS: readonly string[] = ['text', 'hex', 'base64']

/** The format that an option names. */
export function formatOption(call: Call, name: string, otherwise: ByteFormat): ByteFormat {
  const format = textOption(call, name) ?? otherwise
  if (FORMATS.includes(format)) return format as ByteFormat
  throw new UsageError(`--${name} must be text, hex or base64, got '${format}'`)
}

/** Reads bytes; what is not of the format is refused, not guessed. */
export function parseBytes(text: string, format: ByteFormat, what: string): Buffer {
  if (format === 'hex' && !/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw new UsageError(`${what} is not hex: '${text}'`)
  }
  if (format === 'base64' && !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new UsageError(`${what} is not base64: '${text}'`)
  }
  return Buffer.from(text, format === 'text' ? 'utf8' : format)
}

export function showBytes(bytes: Uint8Array, format: ByteFormat): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString(format === 'text' ? 'utf8' : format)
}
