export { EventStream, eventText } from './http/event-stream.ts'
export { answerFailure, type Failure, failureOfRequest, RequestError } from './http/failure.ts'
export {
  contentOf,
  eventStreamOf,
  failuresOf,
  jsonOf,
  openApiFrame,
} from './http/open-api.ts'
export { refuseUnknown } from './http/refuse-unknown.ts'
export type { Schema } from './http/schema.ts'
export { StreamSet } from './http/stream-set.ts'
export { type Labels, MetricsPage } from './metrics-page.ts'
