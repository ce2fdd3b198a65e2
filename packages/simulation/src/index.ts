export { Broker, type BrokerOptions, type ConnectOptions } from './network/broker.ts'
export { Network, type NetworkOptions, type SendOptions } from './network/network.ts'
export { SimulatedTransport } from './network/simulated-transport.ts'
export { NodeClock, type NodeClockOptions } from './node/node-clock.ts'
export { type DiskFault, SimulatedDisk, type SimulatedDiskOptions } from './node/simulated-disk.ts'
export { planOf, playSeed, type SeedResult } from './scenario/play-seed.ts'
export {
  defineScenario,
  drawEvents,
  type Plan,
  type PlannedEvent,
  type Scenario,
} from './scenario/scenario.ts'
export { shrink } from './scenario/shrink.ts'
export { SCENARIOS, type ScenarioEntry } from './scenarios/all.ts'
export { Simulation, type SimulationResult } from './world/simulation.ts'
export { Trace } from './world/trace.ts'
export { Violation } from './world/violation.ts'
