import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareServers } from './support/difference.ts'
import { ALL_GROUPS, CommandGenerator, type GroupName } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'

/** DIFFERENTIAL_COMMANDS=1000000 DIFFERENTIAL_SEED=7 for a long run. */
const COUNT = Number(process.env['DIFFERENTIAL_COMMANDS'] ?? 700)
const SEED = process.env['DIFFERENTIAL_SEED'] ?? '20261124'

describe('random requests get the same bytes from redis-server and from us', () => {
  let real: RealRedis
  let server: RespServer

  beforeAll(async () => {
    real = await RealRedis.start()
    server = await createServer({ port: 0 })
  })

  afterAll(async () => {
    await real.stop()
    await server.close()
  })

  const cases = ALL_GROUPS.map((group) => [group, [group]] as [string, GroupName[]])
  for (const [name, groups] of [...cases, ['all together', ALL_GROUPS] as [string, GroupName[]]]) {
    for (const version of ['2', '3']) {
      test(`${name}, RESP${version}, seed ${SEED}`, { timeout: 600_000 }, async () => {
        const theirs = await RawClient.connect(real.port)
        const ours = await RawClient.connect(server.address.port as number)
        for (const client of [theirs, ours]) {
          await client.call('FLUSHALL')
          if (version === '3') await client.call('HELLO', '3')
        }
        const generator = new CommandGenerator(`${SEED} ${name} ${version}`, groups)
        expect(await compareServers(theirs, ours, generator, COUNT)).toEqual([])
        theirs.close()
        ours.close()
      })
    }
  }
})
