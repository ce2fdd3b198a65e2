import type { Simulation } from '../world/simulation.ts'
import type { PlannedEvent } from './scenario.ts'

/** Characters of an event's details in the trace. */
const MAX_DETAILS = 200

/**
 * Starts each event at its time, without waiting for those before: operations overlap each other
 * and the faults, and those of a node that crashes end never. What one throws ends the run.
 */
export async function playEvents<E extends PlannedEvent>(
  world: Simulation,
  events: readonly E[],
  start: (event: E) => Promise<void> | void,
): Promise<void> {
  const begin = world.clock.monotonic()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {}) // thrown to the caller below, if it still waits
  for (const event of events) {
    const left = begin + event.atMs - world.clock.monotonic()
    if (left > 0) await Promise.race([world.sleep(left), failed.promise])
    const { atMs: _, do: name, ...details } = event
    const what = JSON.stringify(details)
    world.note(`> ${name}${what === '{}' ? '' : ` ${what.slice(0, MAX_DETAILS)}`}`)
    const running = start(event)
    if (running !== undefined) running.catch(failed.reject)
  }
  // what the last ones throw is reported as long as the scenario goes on
  failed.promise.catch((error: unknown) => world.fail(error))
}
