export {
  type ConformanceConnectOptions,
  type ConformanceEnvironment,
  type ConformanceFeatures,
  type ConformanceSuite,
  type TransportConformanceOptions,
  transportConformance,
} from './conformance.ts'
