import { TransportError } from '../../errors.ts'

/** An error as JetStream sends it. */
export interface ApiFault {
  readonly code: number
  readonly err_code?: number
  readonly description?: string
}

/** Codes of JetStream's errors, from the server's `errors.json`. */
export const FAULT = {
  consumerNotFound: 10014,
  insufficientResources: 10023,
  temporarilyUnavailable: 10008,
  noMessage: 10037,
  notEnabledForAccount: 10039,
  insufficientStorage: 10047,
  messageTooLarge: 10054,
  streamNameInUse: 10058,
  streamNotFound: 10059,
  subjectsOverlap: 10065,
  wrongLastSequence: 10071,
  streamOffline: 10118,
  notEnabled: 10076,
  storeFailed: 10077,
  consumerExists: 10148,
  wrongLastSequenceConstant: 10164,
} as const

/** Marks an error as one of JetStream's, so that its code can be asked for. */
export class JetStreamFault extends Error {
  override readonly name = 'JetStreamFault'
  readonly fault: ApiFault

  constructor(fault: ApiFault) {
    super(fault.description ?? `JetStream error ${fault.code}`)
    this.fault = fault
  }
}

/** True for a fault with one of these codes. */
export function isFault(error: unknown, ...codes: readonly number[]): error is JetStreamFault {
  return error instanceof JetStreamFault && codes.includes(error.fault.err_code ?? 0)
}

/** The sequence that a failed expectation found, from the only place where the server says it. */
export function foundSequence(fault: ApiFault): number | undefined {
  const digits = /: (\d+)$/.exec(fault.description ?? '')?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** A fault as the interface's error; what is particular to an operation its caller turns first. */
export function transportError(error: JetStreamFault): TransportError {
  const { fault } = error
  const message = `JetStream: ${error.message}`
  switch (fault.err_code) {
    case FAULT.streamNotFound:
      return new TransportError('LOG_MISSING', message, { cause: error })
    case FAULT.notEnabled:
    case FAULT.notEnabledForAccount:
      return new TransportError('UNSUPPORTED', message, { cause: error })
    case FAULT.messageTooLarge:
      return new TransportError('PAYLOAD_TOO_LARGE', message, { cause: error })
    case FAULT.temporarilyUnavailable:
    case FAULT.streamOffline:
      return new TransportError('DISCONNECTED', message, { cause: error })
    case FAULT.storeFailed:
      return new TransportError(isLimit(error) ? 'LOG_FULL' : 'STORAGE_FAILED', message, {
        cause: error,
      })
    case FAULT.insufficientResources:
    case FAULT.insufficientStorage:
      return new TransportError('LOG_FULL', message, { cause: error })
    default:
      return new TransportError(fault.code === 503 ? 'DISCONNECTED' : 'UNSUPPORTED', message, {
        cause: error,
      })
  }
}

function isLimit(error: JetStreamFault): boolean {
  return /maximum|exceeded/i.test(error.message)
}
