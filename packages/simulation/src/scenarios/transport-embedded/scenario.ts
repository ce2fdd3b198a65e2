import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type EmbeddedEvent, type EmbeddedSettings } from './plan.ts'
import { Trial } from './trial.ts'

/** `lying-disk`: the store's log is acknowledged as synced and is not. */
export const TRANSPORT_EMBEDDED_BREAKS = ['lying-disk'] as const

/**
 * One process with an embedded hub: appends in bursts, with ids and without, purges, a shared
 * consumer, counters in a bucket and leases, under power cuts, kills, restarts and a failing disk.
 */
export function transportEmbeddedScenario(
  broken?: (typeof TRANSPORT_EMBEDDED_BREAKS)[number],
): Scenario {
  return defineScenario<EmbeddedSettings, EmbeddedEvent>({
    name: 'transport-embedded',
    plan: drawPlan,
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken === 'lying-disk')
      await trial.start()
      await playEvents(world, events, (event) => trial.take(event))
      await trial.end()
    },
  })
}
