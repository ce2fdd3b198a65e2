export { ResponderLoop, type ResponderLoopOptions, remoteError } from './hub/responder-loop.ts'
export { LeaseManager, type LeaseManagerOptions } from './lease/lease-manager.ts'
export { copyHeaders, NO_HEADERS } from './message/headers.ts'
export {
  QueuedSubscription,
  type QueuedSubscriptionOptions,
} from './message/queued-subscription.ts'
export { abortedError, type OpenRequest, RequestTable } from './message/request-table.ts'
export { assertName, assertPattern, assertSubject } from './message/subject.ts'
