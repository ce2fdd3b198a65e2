import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type ReplicatorEvent, type ReplicatorSettings } from './plan.ts'
import type { ReplicatorBreak } from './replica.ts'
import { Trial } from './trial.ts'

/**
 * `split-batches`: what is written together is stored in two halves. `unasked-rows`: a node keeps no
 * list of the rows that its publisher lost, and so never asks about them. `lying-disk`: the log is
 * acknowledged as synced and is not.
 */
export const PUBSUB_REPLICATOR_BREAKS: readonly ReplicatorBreak[] = [
  'split-batches',
  'unasked-rows',
  'lying-disk',
]

/**
 * Three nodes that write and one that receives a selection, on a network that loses, doubles,
 * reorders and is cut: in the end all have the same, and never half a transaction on the way.
 */
export function pubsubReplicatorScenario(broken?: ReplicatorBreak): Scenario {
  return defineScenario<ReplicatorSettings, ReplicatorEvent>({
    name: 'pubsub-replicator',
    plan: drawPlan,
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken)
      await trial.start()
      await playEvents(world, events, (event) => trial.take(event))
      await trial.end()
    },
  })
}
