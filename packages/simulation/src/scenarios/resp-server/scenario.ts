import { playEvents } from '../../scenario/play-events.ts'
import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type RespEvent, type RespSettings } from './plan.ts'
import { type RespBreak, Trial } from './trial.ts'

/**
 * `lying-disk`: the log is acknowledged as synced and is not. `split-batches`: what is one command
 * or transaction is stored in two halves.
 */
export const RESP_SERVER_BREAKS: readonly RespBreak[] = ['lying-disk', 'split-batches']

/** A server and its clients: after each crash its keys are what the first commands have made. */
export function respServerScenario(broken?: RespBreak): Scenario {
  return defineScenario<RespSettings, RespEvent>({
    name: 'resp-server',
    plan: drawPlan,
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken)
      await trial.start()
      await playEvents(world, events, (event) => trial.take(event))
      await world.sleep(100)
      await trial.end()
    },
  })
}
