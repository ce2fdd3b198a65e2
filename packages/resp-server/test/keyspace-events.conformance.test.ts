import { describe, expect, test } from 'vitest'
import { bothServers } from './support/both-servers.ts'
import { differsBetweenVersions } from './support/difference.ts'
import { CommandGenerator, type GroupName } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'

const COUNT = Number(process.env['DIFFERENTIAL_COMMANDS'] ?? 700)
const SEED = process.env['DIFFERENTIAL_SEED'] ?? '20261127'
const GROUPS: readonly GroupName[] = [
  'strings',
  'bitmaps',
  'keys',
  'hashes',
  'lists',
  'sets',
  'sortedSets',
  'streams',
  'geo',
  'hyperLogLogs',
  'sorting',
]

const MISSES: ReadonlySet<string> = new Set(['strings', 'hashes', 'lists', 'sets'])

/** Groups that make no keys of their own. */
const FILLED_BY: Partial<Record<GroupName, readonly GroupName[]>> = {
  keys: ['keys', 'strings', 'hashes', 'lists', 'sets', 'sortedSets'],
}

/** Everything that a subscriber hears until somebody publishes to `marker`. */
async function heard(subscriber: RawClient): Promise<string[]> {
  const events: string[] = []
  for (;;) {
    const message = (await subscriber.next()).split('\r\n')
    if (message[4] === 'marker') return events
    events.push(`${message[6]} ${message[8]}`)
  }
}

describe('keyspace events', () => {
  const servers = bothServers()

  test.each(GROUPS)(
    `of %s are those of redis-server, in its order, seed ${SEED}`,
    async (group) => {
      const lists: string[][] = []
      for (const port of [servers.theirPort, servers.ourPort]) {
        const subscriber = await RawClient.connect(port)
        const client = await RawClient.connect(port)
        await client.call('FLUSHALL')
        // which lookups count as misses is Redis' own secret where commands look up many keys
        const mask = MISSES.has(group) ? 'KEAnm' : 'KEAn'
        await client.call('CONFIG', 'SET', 'notify-keyspace-events', mask)
        await subscriber.call('PSUBSCRIBE', '__key*@*__:*')
        await subscriber.call('SUBSCRIBE', 'marker')
        const generator = new CommandGenerator(`${SEED} ${group}`, FILLED_BY[group] ?? [group])
        for (let n = 0; n < COUNT; n += 1) {
          const request = generator.next()
          if (!differsBetweenVersions(request)) await client.call(...request)
        }
        await client.call('PUBLISH', 'marker', '')
        lists.push(await heard(subscriber))
        subscriber.close()
        client.close()
      }
      // a consumer is made when it asks, since 7.2, also when there is nothing for it
      const [theirs, ours] = lists.map((list) =>
        list.filter((event) => !/(?:create|del)consumer/.test(event)),
      )
      expect(theirs?.length).toBeGreaterThan(20)
      expect(ours).toEqual(theirs)
    },
  )

  test.each([
    ['', ''],
    ['KEA', 'AKE'],
    ['Kg$', 'g$K'],
    ['xEmn', 'xnEm'],
  ])('notify-keyspace-events %s is shown as %s, as redis-server does', async (given, shown) => {
    for (const port of [servers.theirPort, servers.ourPort]) {
      const client = await RawClient.connect(port)
      await client.call('CONFIG', 'SET', 'notify-keyspace-events', given)
      const reply = await client.call('CONFIG', 'GET', 'notify-keyspace-events')
      expect(reply.split('\r\n')[4]).toBe(shown)
      client.close()
    }
  })

  test('expiry is told when the key goes', async () => {
    await servers.ours.execute(['CONFIG', 'SET', 'notify-keyspace-events', 'Ex'])
    const subscriber = servers.ours.createClient()
    const message = new Promise((resolve) => {
      subscriber.onPush = (items) => {
        if (items[0] === 'message') resolve(items)
      }
    })
    await subscriber.execute(['SUBSCRIBE', '__keyevent@0__:expired'])
    await servers.ours.execute(['SET', 'soon', 'gone', 'PX', '5'])
    expect(await message).toEqual(['message', '__keyevent@0__:expired', 'soon'])
    subscriber.close()
  })
})
