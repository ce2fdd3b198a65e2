import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type SchedulerEvent, type SchedulerSettings } from './plan.ts'
import { type SchedulerBreak, Trial } from './trial.ts'

/**
 * `lying-disk`: the log is acknowledged as synced and is not. `hasty-clock`: the scheduler's clock
 * is ahead of that by which tasks are due.
 */
export const SCHEDULER_CORE_BREAKS: readonly SchedulerBreak[] = ['lying-disk', 'hasty-clock']

/** A scheduler on a clock that drifts and steps, with kills and power cuts in full work. */
export function schedulerCoreScenario(broken?: SchedulerBreak): Scenario {
  return defineScenario<SchedulerSettings, SchedulerEvent>({
    name: 'scheduler-core',
    plan: drawPlan,
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken)
      await trial.start()
      await playEvents(world, events, (event) => trial.take(event))
      await trial.end()
    },
  })
}
