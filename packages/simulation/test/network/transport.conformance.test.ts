// Goal: what services are tested on is a transport like the others, as long as nothing breaks.
import { Broker, Network, Simulation } from '@ashlar/simulation'
import { transportConformance } from '@ashlar/transport/testing'
import { describe, test } from 'vitest'

const BUSY_MS = 0.05
let world: Simulation | undefined

/** The suite has patience by the machine's clock: meanwhile the simulation must not end. */
function keepBusy(own: Simulation): void {
  own.clock.setTimer(() => keepBusy(own), BUSY_MS)
}

describe('simulated transport', () => {
  transportConformance({
    suite: {
      describe,
      test: (name, body) => {
        test(name, async () => {
          const { violation } = await Simulation.run(
            1,
            async (own) => {
              world = own
              keepBusy(own)
              await body()
            },
            { guarded: false },
          )
          if (violation !== undefined) throw violation.cause ?? violation
        })
      },
    },
    factory: async () => {
      const own = world as Simulation
      const broker = new Broker(own, new Network(own, { maxMs: 2 }))
      let nodes = 0
      return {
        connect: async () => {
          nodes += 1
          return broker.connect(`node${nodes}`, { clock: own.clock, timeoutMs: 5_000 })
        },
        elapse: (ms) => own.sleep(ms),
        close: async () => {},
      }
    },
    features: { disconnects: false, restarts: false },
  })
})
