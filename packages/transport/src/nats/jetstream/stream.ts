import { isTransportError, TransportError } from '../../errors.ts'
import type { JetStreamApi } from './api.ts'
import { FAULT, isFault, JetStreamFault, transportError } from './api-error.ts'
import {
  assertEchoed,
  requireFeatures,
  type StreamConfig,
  type StreamInfo,
} from './stream-config.ts'

/** What a stream is missing as. */
export type MissingCode = 'LOG_MISSING' | 'KV_MISSING'

/** The stream's state, or undefined when there is none. */
export async function findStream(api: JetStreamApi, name: string): Promise<StreamInfo | undefined> {
  try {
    return await api.read<StreamInfo>(`STREAM.INFO.${name}`)
  } catch (error) {
    if (isFault(error, FAULT.streamNotFound)) return undefined
    throw coded(error)
  }
}

/** Creates the stream; when somebody else was faster, theirs is returned. */
export async function createStream(api: JetStreamApi, config: StreamConfig): Promise<StreamInfo> {
  requireFeatures(config, api.link.serverVersion)
  let created: StreamInfo
  try {
    created = await api.change<StreamInfo>(`STREAM.CREATE.${config.name}`, config)
  } catch (error) {
    if (!isFault(error, FAULT.streamNameInUse)) throw coded(error)
    const existing = await findStream(api, config.name)
    if (existing === undefined) throw coded(error)
    return existing
  }
  try {
    assertEchoed(config, created.config)
  } catch (error) {
    await api.change(`STREAM.DELETE.${config.name}`)
    throw error
  }
  return created
}

/** Removes the stream; one that is not there is `missing`. */
export async function deleteStream(
  api: JetStreamApi,
  name: string,
  missing: MissingCode,
): Promise<void> {
  try {
    await api.change(`STREAM.DELETE.${name}`)
  } catch (error) {
    throw coded(error, missing)
  }
}

/** Any error as one of the interface's, a missing stream as the given code. */
export function coded(error: unknown, missing: MissingCode = 'LOG_MISSING'): unknown {
  if (!(error instanceof JetStreamFault)) return error
  if (!isFault(error, FAULT.streamNotFound)) return transportError(error)
  return new TransportError(missing, 'it was removed; open it anew', { cause: error })
}

/**
 * Nobody took a message for storage: either the stream is gone, or it has no leader at the moment.
 * In both cases nothing was stored.
 */
export async function explainNobody(
  api: JetStreamApi,
  stream: string,
  missing: MissingCode,
  error: unknown,
): Promise<unknown> {
  if (!isTransportError(error, 'NO_RESPONDERS')) return error
  const found = await findStream(api, stream).catch((reason: unknown) => {
    // Without an answer about the stream it stays certain that nothing was stored.
    if (isTransportError(reason)) return reason
    throw reason
  })
  if (found === undefined) {
    return new TransportError(missing, `${stream} was removed; open it anew`, { cause: error })
  }
  return new TransportError('DISCONNECTED', `no server keeps ${stream} at this moment`, {
    cause: error,
  })
}
