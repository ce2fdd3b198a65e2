import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { RealRedis } from './redis-server.ts'

/** redis-server and ours, for the block of tests that this is called in, or anew for each test. */
export function bothServers(scope: 'block' | 'test' = 'block') {
  let real: RealRedis
  let server: RespServer
  const start = async (): Promise<void> => {
    real = await RealRedis.start()
    server = await createServer({ port: 0 })
  }
  const stop = async (): Promise<void> => {
    await real.stop()
    await server.close()
  }
  if (scope === 'block') {
    beforeAll(start)
    afterAll(stop)
  } else {
    beforeEach(start)
    afterEach(stop)
  }
  return {
    get theirPort(): number {
      return real.port
    },
    get ours(): RespServer {
      return server
    },
    get ourPort(): number {
      return server.address.port as number
    },
  }
}
