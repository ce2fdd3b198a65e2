import { defineScenario, type Scenario } from '../../scenario/scenario.ts'
import { drawPlan, type ElectionEvent, type ElectionSettings } from './plan.ts'
import { type ElectionBreak, Trial } from './trial.ts'

/** `any-successor`: whoever gets the lease takes over, and never asks who is further. */
export const RESP_ELECTION_BREAKS: readonly ElectionBreak[] = ['any-successor']

/**
 * Three servers whose primary goes when one replica is behind: the other, which has all that was
 * confirmed, is the next.
 */
export function respElectionScenario(broken?: ElectionBreak): Scenario {
  return defineScenario<ElectionSettings, ElectionEvent>({
    name: 'resp-election',
    plan: drawPlan,
    play: async (world, { settings, events }) => {
      const trial = new Trial(world, settings, broken)
      await trial.start()
      for (const event of events) await trial.elect(event)
      await trial.end()
    },
  })
}
