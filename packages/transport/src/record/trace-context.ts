/** The headers of W3C Trace Context. */
export const TRACE_PARENT = 'traceparent'
/** @see TRACE_PARENT */
export const TRACE_STATE = 'tracestate'

const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/
/** Version 0 has nothing behind its flags. */
const VERSION_0_LENGTH = 55

/** True for the value of a `traceparent` header as W3C Trace Context defines it. */
export function isTraceParent(value: string): boolean {
  return FORM.test(value) && (!value.startsWith('00') || value.length === VERSION_0_LENGTH)
}
