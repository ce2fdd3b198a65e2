export {
  type ConformanceFeatures,
  type ConformanceSuite,
  type TransportConformanceOptions,
  transportConformance,
} from './conformance.ts'
export type { ConformanceConnectOptions, ConformanceEnvironment } from './environment.ts'
