import { describe, expect, test } from 'vitest'
import { ACL_CASES, ACL_REQUESTS } from './support/acl-requests.ts'
import { bothServers } from './support/both-servers.ts'
import { RawClient } from './support/raw-client.ts'

describe('users and permissions are as on redis-server', () => {
  const servers = bothServers('test')

  async function compare(requests: readonly (readonly string[])[]): Promise<void> {
    const answers = async (port: number): Promise<[readonly string[], string][]> => {
      const client = await RawClient.connect(port)
      const replies: [readonly string[], string][] = []
      for (const request of requests) replies.push([request, await client.call(...request)])
      client.close()
      return replies
    }
    expect(await answers(servers.ourPort)).toEqual(await answers(servers.theirPort))
  }

  const words = (line: string): string[] => line.split(' ')

  test('ACL and AUTH', () => compare(ACL_REQUESTS.map(words)))

  for (const [rules, requests] of ACL_CASES) {
    test(`a user with '${rules}'`, async () => {
      const given = rules === '' ? [] : words(rules)
      await compare([
        ['acl', 'setuser', 't', 'on', 'nopass', ...given],
        ['auth', 't', 'any'],
        ...requests.map(words),
      ])
    })
  }
})
