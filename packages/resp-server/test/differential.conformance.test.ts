import { describe, expect, test } from 'vitest'
import { bothServers } from './support/both-servers.ts'
import { compareServers } from './support/difference.ts'
import { ALL_GROUPS, CommandGenerator, type GroupName } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'

/** DIFFERENTIAL_COMMANDS=1000000 DIFFERENTIAL_SEED=7 for a long run. */
const COUNT = Number(process.env['DIFFERENTIAL_COMMANDS'] ?? 700)
const SEED = process.env['DIFFERENTIAL_SEED'] ?? '20261124'

describe('random requests get the same bytes from redis-server and from us', () => {
  const servers = bothServers()

  const cases = ALL_GROUPS.map((group) => [group, [group]] as [string, GroupName[]])
  for (const [name, groups] of [...cases, ['all together', ALL_GROUPS] as [string, GroupName[]]]) {
    for (const version of ['2', '3']) {
      test(`${name}, RESP${version}, seed ${SEED}`, { timeout: 600_000 }, async () => {
        const theirs = await RawClient.connect(servers.theirPort)
        const ours = await RawClient.connect(servers.ourPort)
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
