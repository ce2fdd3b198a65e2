export { type ObserveOptions, observeMetrics } from './observe-metrics.ts'
export { type OpenTelemetryOptions, openTelemetry } from './open-telemetry.ts'
