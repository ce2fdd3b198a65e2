import type { AppendOptions } from './log.ts'

const MAX_MESSAGE_ID_LENGTH = 512

/** Throws TypeError or RangeError for what no driver can append with. */
export function checkAppendOptions(options: AppendOptions): void {
  const { messageId } = options
  if (messageId !== undefined && !isMessageId(messageId)) {
    throw new TypeError(
      `messageId must be 1 to ${MAX_MESSAGE_ID_LENGTH} printable characters without outer spaces`,
    )
  }
  for (const field of ['expectedLastSequence', 'expectedLastSubjectSequence'] as const) {
    const value = options[field]
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
      throw new RangeError(`${field} must be an integer of at least 0, got ${String(value)}`)
    }
  }
}

function isMessageId(id: string): boolean {
  if (typeof id !== 'string' || id.length === 0 || id.length > MAX_MESSAGE_ID_LENGTH) return false
  return id.trim() === id && !/\p{Cc}/u.test(id)
}
