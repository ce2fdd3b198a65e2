import { NatsCluster, type NatsServer, transportConformance } from '@ashlar/transport/testing'
import { afterAll, beforeAll, describe } from 'vitest'
import { natsEnvironment, sideBySide } from './nats/environment.ts'

/** Each so-manieth case; 1 is the whole suite, which takes a minute here. */
const STRIDE = Number(process.env['ASHLAR_NATS_CLUSTER_STRIDE'] ?? 9)

describe('nats, a cluster of three with three copies', () => {
  let cluster: NatsCluster
  let turn = 0
  beforeAll(async () => {
    cluster = await NatsCluster.start()
  }, 60_000)
  afterAll(async () => {
    await cluster.close()
  }, 60_000)

  /** Each case talks to one server; who leads its streams is for the cluster to say. */
  const next = (): NatsServer => {
    turn += 1
    const server = cluster.servers[turn % cluster.servers.length]
    if (server === undefined) throw new Error('the cluster is empty')
    return server
  }

  transportConformance({
    suite: sideBySide(STRIDE),
    factory: async () =>
      natsEnvironment({ server: next, nats: { streams: { replicas: 3 } }, leaseTtlMs: 1_500 }),
    features: { disconnects: true, restarts: false },
  })
})
