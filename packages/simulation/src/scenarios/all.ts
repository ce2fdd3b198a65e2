import type { Scenario } from '../scenario/scenario.ts'
import { LSM_STORE_BREAKS, lsmStoreScenario } from './lsm-store/scenario.ts'
import { PUBSUB_REPLICATOR_BREAKS, pubsubReplicatorScenario } from './pubsub-replicator/scenario.ts'
import { RESP_ELECTION_BREAKS, respElectionScenario } from './resp-election/scenario.ts'
import { RESP_REPLICAS_BREAKS, respReplicasScenario } from './resp-replicas/scenario.ts'
import { RESP_SERVER_BREAKS, respServerScenario } from './resp-server/scenario.ts'
import { SCHEDULER_CLUSTER_BREAKS } from './scheduler-cluster/breaks.ts'
import { schedulerClusterScenario } from './scheduler-cluster/scenario.ts'
import { SCHEDULER_CORE_BREAKS, schedulerCoreScenario } from './scheduler-core/scenario.ts'
import { TRANSPORT_BREAKS, transportScenario } from './transport/scenario.ts'
import {
  TRANSPORT_EMBEDDED_BREAKS,
  transportEmbeddedScenario,
} from './transport-embedded/scenario.ts'

/** How to make a scenario, and the ways in which it can be made to fail on purpose. */
export interface ScenarioEntry {
  readonly create: (broken?: string) => Scenario
  /** Broken variants: each must be caught within a few seeds. */
  readonly breaks: readonly string[]
}

/** Every scenario by the name of the service that it is about. */
export const SCENARIOS: Readonly<Record<string, ScenarioEntry>> = {
  'lsm-store': entry(lsmStoreScenario, LSM_STORE_BREAKS),
  transport: entry(transportScenario, TRANSPORT_BREAKS),
  'transport-embedded': entry(transportEmbeddedScenario, TRANSPORT_EMBEDDED_BREAKS),
  'scheduler-core': entry(schedulerCoreScenario, SCHEDULER_CORE_BREAKS),
  'scheduler-cluster': entry(schedulerClusterScenario, SCHEDULER_CLUSTER_BREAKS),
  'pubsub-replicator': entry(pubsubReplicatorScenario, PUBSUB_REPLICATOR_BREAKS),
  'resp-replicas': entry(respReplicasScenario, RESP_REPLICAS_BREAKS),
  'resp-election': entry(respElectionScenario, RESP_ELECTION_BREAKS),
  'resp-server': entry(respServerScenario, RESP_SERVER_BREAKS),
}

function entry<Break extends string>(
  create: (broken?: Break) => Scenario,
  breaks: readonly Break[],
): ScenarioEntry {
  return {
    breaks,
    create(name) {
      const broken = breaks.find((known) => known === name)
      if (name !== undefined && broken === undefined) {
        throw new RangeError(`there is no broken variant ${name}: ${breaks.join(', ')}`)
      }
      return create(broken)
    },
  }
}
