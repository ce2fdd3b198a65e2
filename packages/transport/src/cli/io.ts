/** The command line's surroundings, so that it can be tested without a process. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line of output; what it answers is awaited, so that a slow reader slows it down. */
  readonly out: (line: string) => unknown
  /** Writes a line about the run. */
  readonly err: (line: string) => void
  /** Everything on standard input. */
  readonly readInput: () => Promise<Uint8Array>
  /** Aborted by Ctrl-C and SIGTERM, with the name of the signal as its reason. */
  readonly signal: AbortSignal
}

/** Bytes as JSON shows them: text where they are text. */
export function payloadFields(payload: Uint8Array): Record<string, string> {
  const text = readable(payload)
  return text === undefined
    ? { payloadBase64: Buffer.from(payload).toString('base64') }
    : { payload: text }
}

/** Bytes as a line of output shows them. */
export function payloadLine(payload: Uint8Array): string {
  return readable(payload) ?? `base64:${Buffer.from(payload).toString('base64')}`
}

function readable(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(payload)
  } catch {
    // No text: it is shown as base64.
    return undefined
  }
}
