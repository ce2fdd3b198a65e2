import type { Headers, Message, Payload } from '../message/message.ts'
import { isTraceParent, TRACE_PARENT, TRACE_STATE } from './trace-context.ts'
import { parseVersion, receivedVersion, VERSION_HEADER, type WireVersion } from './wire-version.ts'

/** Values to bytes and back, such as a `RecordCodec` of `@ashlar/codec`. */
export interface WireCodec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** How records of one kind travel. */
export interface RecordWireOptions<T> {
  readonly codec: WireCodec<T>
  /**
   * What `encode` writes: `major` or `major.minor`. Raise the minor for what older readers may leave
   * unread, and the major, with the version of the codec, for what they must not misread. Default `1`.
   */
  readonly version?: string | undefined
}

/** What travels beside a record. */
export interface RecordContext {
  /** W3C Trace Context of the caller; TypeError when it is malformed. */
  readonly traceparent?: string | undefined
  /** Goes along with `traceparent` only. */
  readonly tracestate?: string | undefined
  /** Headers of the application. */
  readonly headers?: Headers | undefined
}

/** A record as `publish`, `request` and `append` take it. */
export interface WireRecord {
  readonly payload: Payload
  readonly headers: Headers
}

/** A record that was received. */
export interface ReceivedRecord<T> {
  readonly value: T
  /** 1.0 where the sender said nothing. */
  readonly version: WireVersion
  /** Undefined also when it was malformed: then a new trace begins. */
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
}

/** Records of one kind as messages, and back. */
export interface RecordWire<T> {
  /** What the codec throws is passed on. The payload is what the codec made, not a copy. */
  encode(value: T, context?: RecordContext): WireRecord
  /**
   * Throws `VERSION_UNSUPPORTED`, before the bytes are looked at, for a newer major version or a
   * malformed one. What the codec throws is passed on.
   */
  decode(message: Pick<Message, 'payload' | 'headers'>): ReceivedRecord<T>
}

/**
 * Records of a codec on the wire, of any driver: the bytes are the payload, the version stands in the
 * header `Ashlar-Version`, the trace in `traceparent` and `tracestate`. A message without a version
 * counts as version 1, so that senders that know nothing of this are understood.
 *
 * @throws TypeError for a version that is none
 * @example
 * ```ts
 * const orders = createRecordWire({ codec: createRecordCodec<Order>({ version: 2, upgrade }), version: '2.1' })
 * const { payload, headers } = orders.encode(order, { traceparent })
 * await log.append('orders.tea', payload, { headers })
 * for await (const delivery of await log.consume()) handle(orders.decode(delivery).value)
 * ```
 */
export function createRecordWire<T>(options: RecordWireOptions<T>): RecordWire<T> {
  const { codec, version = '1' } = options
  const known = parseVersion(version)
  if (known === undefined) {
    throw new TypeError(`version must be 'major' or 'major.minor', got ${JSON.stringify(version)}`)
  }
  const plain: Headers = Object.freeze({ [VERSION_HEADER]: version })
  return {
    encode: (value, context) => ({
      payload: codec.encode(value),
      headers: context === undefined ? plain : headersOf(version, context),
    }),
    decode({ payload, headers }) {
      const found = receivedVersion(find(headers, VERSION_HEADER), known)
      const parent = find(headers, TRACE_PARENT)
      const traceparent = parent !== undefined && isTraceParent(parent) ? parent : undefined
      const tracestate = traceparent === undefined ? undefined : find(headers, TRACE_STATE)
      return { value: codec.decode(payload), version: found, traceparent, tracestate }
    },
  }
}

function headersOf(version: string, context: RecordContext): Headers {
  const { traceparent, tracestate, headers } = context
  if (traceparent !== undefined && !isTraceParent(traceparent)) {
    throw new TypeError(`traceparent ${JSON.stringify(traceparent)} is not that of W3C`)
  }
  return {
    ...headers,
    [VERSION_HEADER]: version,
    ...(traceparent === undefined ? {} : { [TRACE_PARENT]: traceparent }),
    ...(traceparent === undefined || tracestate === undefined ? {} : { [TRACE_STATE]: tracestate }),
  }
}

/** A header by its name, which others on the way may have written in another case. */
function find(headers: Headers, name: string): string | undefined {
  if (Object.hasOwn(headers, name)) return headers[name]
  const wanted = name.toLowerCase()
  const found = Object.keys(headers).find((key) => key.toLowerCase() === wanted)
  return found === undefined ? undefined : headers[found]
}
