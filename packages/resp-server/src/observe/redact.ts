import type { Command } from '../commands/command.ts'
import type { Bytes } from '../protocol/reply.ts'

const REDACTED = '(redacted)'
const SECRET_SETTINGS =
  /^(?:masterauth|masteruser|requirepass|tls-key-file-pass|tls-client-key-file-pass)$/i

const text = (bytes: Bytes): string =>
  typeof bytes === 'string' ? bytes : bytes.toString('latin1')

/** The request as it may be shown: passwords are left out. */
export function redact(command: Command, args: readonly Bytes[]): string[] {
  const shown = args.map(text)
  switch (command.fullName) {
    case 'auth':
      shown.fill(REDACTED, 1)
      break
    case 'acl|setuser':
    case 'acl|deluser':
    case 'acl|getuser':
      shown.fill(REDACTED, 2)
      break
    case 'hello': {
      const at = shown.findIndex((word, index) => index > 1 && word.toLowerCase() === 'auth')
      if (at !== -1) shown.fill(REDACTED, at + 1, at + 3)
      break
    }
    case 'config|set':
      for (let at = 2; at + 1 < shown.length; at += 2) {
        if (SECRET_SETTINGS.test(shown[at] as string)) shown[at + 1] = REDACTED
      }
      break
    default:
      break
  }
  return shown
}
