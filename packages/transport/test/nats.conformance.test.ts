import { NatsServer, transportConformance } from '@ashlar/transport/testing'
import { afterAll, beforeAll, describe } from 'vitest'
import { natsEnvironment, sideBySide } from './nats/environment.ts'

describe('nats, one server', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(async () => {
    await server.close()
  })

  transportConformance({
    suite: sideBySide(),
    factory: async () => natsEnvironment({ server: () => server, restart: () => server.restart() }),
    features: { disconnects: true, restarts: true },
  })
})
