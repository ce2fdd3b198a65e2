import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type TransportEvent, type TransportSettings } from './plan.ts'
import { Trial } from './trial.ts'

/** Clocks whose speeds differ by less than the tenth that leases allow for. */
const DRIFT_PPM = 40_000
const TOO_FAR_APART_PPM = 600_000

/**
 * `forgetful-server`: some appends are acknowledged and not stored. `clocks-apart`: clocks run
 * further apart than leases allow for.
 */
export const TRANSPORT_BREAKS = ['forgetful-server', 'clocks-apart'] as const

/**
 * Three nodes and a server between which the network is cut in one direction or both, slow and
 * lossy: leases, logs, a shared consumer and a counter by compare-and-set.
 */
export function transportScenario(broken?: (typeof TRANSPORT_BREAKS)[number]): Scenario {
  return defineScenario<TransportSettings, TransportEvent>({
    name: 'transport',
    plan: (dice) => drawPlan(dice, broken === 'clocks-apart' ? TOO_FAR_APART_PPM : DRIFT_PPM),
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken === 'forgetful-server')
      await trial.start()
      await playEvents(world, events, (event) => trial.take(event))
      await trial.end()
    },
  })
}
