import { expect, test } from 'vitest'
import { resolveOptions } from '../src/server/options.ts'
import { RespServer } from '../src/server/resp-server.ts'
import { ServerCore } from '../src/server/server.ts'
import { compareServers } from './support/difference.ts'
import { ALL_GROUPS, CommandGenerator } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** TIER_COMMANDS=1000000 TIER_SEED=7 for a long run. */
const COUNT = Number(process.env['TIER_COMMANDS'] ?? 4000)
const SEED = process.env['TIER_SEED'] ?? '20261127'

/** Takes every key out of memory that may leave it. Answers how many did. */
function forgetAll({ keyspace, durability }: ServerCore): number {
  let count = 0
  expect(durability.writeOut()).toBe(true)
  for (const { table } of keyspace.databases) {
    for (let slot = table.loadedKeys.length - 1; slot >= 0; slot -= 1) {
      if (table.forget(slot)) count += 1
    }
  }
  return count
}

test(`keys that are in the store alone answer as Redis does, seed ${SEED}`, {
  timeout: 600_000,
}, async () => {
  using folder = temporaryFolder()
  const real = await RealRedis.start()
  const core = await ServerCore.open(resolveOptions({ path: folder.path, port: 0 }))
  await using server = new RespServer(core)
  const theirs = await RawClient.connect(real.port)
  const ours = await RawClient.connect(server.address.port as number)
  let forgotten = 0
  const tiered = {
    call: (...args: string[]) => {
      forgotten += forgetAll(core)
      return ours.call(...args)
    },
  }
  const generator = new CommandGenerator(`${SEED} tier`, ALL_GROUPS)
  expect(await compareServers(theirs, tiered, generator, COUNT)).toEqual([])
  expect(forgotten).toBeGreaterThan(COUNT / 4)
  theirs.close()
  ours.close()
  await real.stop()
})
