import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import type { ClusterBreak } from './breaks.ts'
import { type ClusterEvent, type ClusterSettings, drawPlan } from './plan.ts'
import { Trial } from './trial.ts'

/** Clocks whose speeds differ by less than the tenth that leases allow for. */
const DRIFT_PPM = 40_000
const TOO_FAR_APART_PPM = 600_000

/** Three members of a cluster that crash, leave and come back, cut off from the server and slow. */
export function schedulerClusterScenario(broken?: ClusterBreak): Scenario {
  return defineScenario<ClusterSettings, ClusterEvent>({
    name: 'scheduler-cluster',
    plan: (dice) => drawPlan(dice, broken === 'clocks-apart' ? TOO_FAR_APART_PPM : DRIFT_PPM),
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken)
      await trial.start()
      await playEvents(world, events, (event) => trial.take(event))
      await trial.end()
    },
  })
}
