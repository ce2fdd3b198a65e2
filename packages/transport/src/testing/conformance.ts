import { closingCases } from './closing-cases.ts'
import { consumerCases } from './consumer-cases.ts'
import { disconnectCases } from './disconnect-cases.ts'
import type { ConformanceEnvironment } from './environment.ts'
import { headerCases } from './header-cases.ts'
import { keyValueCases } from './key-value-cases.ts'
import { leaseCases } from './lease-cases.ts'
import { logCases } from './log-cases.ts'
import { logLimitCases } from './log-limit-cases.ts'
import { messageCases } from './message-cases.ts'
import { StallWatch } from './patience.ts'
import { queueCases } from './queue-cases.ts'
import { recordCases } from './record-cases.ts'
import { redeliveryCases } from './redelivery-cases.ts'
import { requestCases } from './request-cases.ts'
import { restartCases } from './restart-cases.ts'
import { watchCases } from './watch-cases.ts'
import { type Case, World } from './world.ts'

/** Waits of cases are apart by more than this. */
const STALL_MS = 40
const MAX_RUNS = 3

/** The two functions that a test runner has to offer. */
export interface ConformanceSuite {
  describe(name: string, body: () => void): unknown
  test(name: string, body: () => Promise<void>): unknown
}

/** Which optional parts of the suite apply. */
export interface ConformanceFeatures {
  /** The environment can `disconnect` and `reconnect`. */
  readonly disconnects: boolean
  /** The environment can `restart`, and logs and buckets survive it. */
  readonly restarts: boolean
}

/** What {@link transportConformance} is given. */
export interface TransportConformanceOptions {
  readonly suite: ConformanceSuite
  readonly factory: () => Promise<ConformanceEnvironment>
  readonly features: ConformanceFeatures
}

/**
 * Registers the conformance suite of transports with a test runner: one test per guarantee of the
 * interface. It uses `node:assert` only, so it runs under vitest, node:test and others.
 *
 * @example
 * ```ts
 * import { describe, test } from 'node:test'
 *
 * transportConformance({
 *   suite: { describe, test },
 *   features: { disconnects: false, restarts: false },
 *   factory: async () => {
 *     const hub = createMemoryHub()
 *     return { connect: async () => memory({ hub }), close: async () => {} }
 *   },
 * })
 * ```
 */
export function transportConformance(options: TransportConformanceOptions): void {
  const { suite, features } = options
  for (const [group, cases] of Object.entries(groupsFor(features))) {
    suite.describe(group, () => {
      for (const [guarantee, run] of Object.entries(cases)) {
        suite.test(guarantee, () => runCase(options.factory, run))
      }
    })
  }
}

function groupsFor(features: ConformanceFeatures): Record<string, Readonly<Record<string, Case>>> {
  return {
    'publish and subscribe': messageCases,
    headers: headerCases,
    'records on the wire': recordCases,
    'queue groups and slow consumers': queueCases,
    'request and respond': requestCases,
    'drain and close': closingCases,
    logs: logCases,
    'limits of logs': logLimitCases,
    consumers: consumerCases,
    redelivery: redeliveryCases,
    'key-value': keyValueCases,
    watch: watchCases,
    leases: leaseCases,
    ...(features.disconnects ? { 'a cut connection': disconnectCases } : {}),
    ...(features.restarts ? { 'a restart': restartCases } : {}),
  }
}

/**
 * Runs a case; anew when it failed while the process stood still so long that what it says of real
 * time means nothing. With a virtual clock time does not depend on that.
 */
async function runCase(factory: () => Promise<ConformanceEnvironment>, run: Case): Promise<void> {
  for (let runs = 1; ; runs += 1) {
    const watch = new StallWatch()
    const environment = await factory()
    try {
      return await runOnce(environment, run)
    } catch (error) {
      const isVoid = environment.elapse === undefined && watch.longestMs() > STALL_MS
      if (!isVoid || runs === MAX_RUNS) throw error
    } finally {
      watch.stop()
    }
  }
}

async function runOnce(environment: ConformanceEnvironment, run: Case): Promise<void> {
  try {
    const world = new World(environment, await environment.connect())
    try {
      await run(world)
    } finally {
      await world.close()
    }
  } finally {
    await environment.close()
  }
}
