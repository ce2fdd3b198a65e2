import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type ReplicasEvent, type ReplicasSettings } from './plan.ts'
import { type ReplicasBreak, Trial } from './trial.ts'

/** `no-fencing`: a primary believes in its lease for ever. */
export const RESP_REPLICAS_BREAKS: readonly ReplicasBreak[] = ['no-fencing']

/** Three servers with one primary at a time: crashes, cuts and slow links. */
export function respReplicasScenario(broken?: ReplicasBreak): Scenario {
  return defineScenario<ReplicasSettings, ReplicasEvent>({
    name: 'resp-replicas',
    plan: drawPlan,
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken)
      await trial.start()
      await playEvents(world, events, (event) => trial.take(event))
      await trial.end()
    },
  })
}
