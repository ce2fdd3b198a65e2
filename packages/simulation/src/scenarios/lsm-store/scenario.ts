import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type Event, type Settings } from './plan.ts'
import { Trial } from './trial.ts'

/** `lying-disk`: the log is acknowledged as synced and is not. */
export const LSM_STORE_BREAKS = ['lying-disk'] as const

/** One store against the naive history of what it was told, with power cuts, kills and disk faults. */
export function lsmStoreScenario(broken?: (typeof LSM_STORE_BREAKS)[number]): Scenario {
  return defineScenario<Settings, Event>({
    name: 'lsm-store',
    plan: drawPlan,
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken === 'lying-disk' ? /\.log$/ : undefined)
      await trial.open()
      await playEvents(world, events, (event) => trial.take(event))
      await world.sleep(1_000)
      await trial.end()
    },
  })
}
