export { nats } from './nats.ts'
export type {
  NatsCredentials,
  NatsEvents,
  NatsOptions,
  NatsStorageOptions,
  NatsTlsOptions,
} from './nats-options.ts'
