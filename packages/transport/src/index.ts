export {
  type EmbeddedConnectionOptions,
  type EmbeddedHub,
  type EmbeddedHubOptions,
  type EmbeddedOptions,
  type EmbeddedTransport,
  embedded,
  openEmbeddedHub,
} from './embedded/embedded.ts'
export {
  isTransportError,
  TransportError,
  type TransportErrorCode,
  type TransportErrorDetails,
} from './errors.ts'
export type { KeyValue, KvEntry, KvOptions, KvWatchOptions } from './kv/key-value.ts'
export type { Lease, LeaseOptions, LeaseSighting } from './lease/lease.ts'
export type {
  AppendOptions,
  AppendResult,
  ConsumeOptions,
  Consumer,
  ConsumerInfo,
  Delivery,
  ExhaustedMessage,
  Log,
  LogInfo,
  LogMessage,
  LogOptions,
  PurgeOptions,
  ReadOptions,
} from './log/log.ts'
export {
  createMemoryHub,
  type MemoryHub,
  type MemoryHubOptions,
  type MemoryOptions,
  type MemoryTransport,
  memory,
} from './memory/memory.ts'
export type {
  Headers,
  Message,
  Payload,
  PublishOptions,
  RequestOptions,
  Responder,
  RespondOptions,
  SubscribeOptions,
  Subscription,
} from './message/message.ts'
export { matchesSubject } from './message/subject.ts'
export {
  createRecordWire,
  type ReceivedRecord,
  type RecordContext,
  type RecordWire,
  type RecordWireOptions,
  type WireCodec,
  type WireRecord,
} from './record/record-wire.ts'
export type { WireVersion } from './record/wire-version.ts'
export type {
  DrainOptions,
  Transport,
  TransportCapabilities,
  TransportState,
} from './transport.ts'
