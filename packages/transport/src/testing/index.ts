export {
  type ConformanceFeatures,
  type ConformanceSuite,
  type TransportConformanceOptions,
  transportConformance,
} from './conformance.ts'
export type { ConformanceConnectOptions, ConformanceEnvironment } from './environment.ts'
export { freePort, freePorts } from './nats/free-ports.ts'
export { NatsCluster, type NatsClusterOptions } from './nats/nats-cluster.ts'
export { NatsHubWithLeaf } from './nats/nats-leaf.ts'
export { NatsServer, type NatsServerOptions } from './nats/nats-server.ts'
export { TcpLink } from './nats/tcp-link.ts'
