import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ACL_CASES, ACL_REQUESTS } from './support/acl-requests.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'

describe('users and permissions are as on redis-server', () => {
  let real: RealRedis
  let server: RespServer

  beforeEach(async () => {
    real = await RealRedis.start()
    server = await createServer({ port: 0 })
  })

  afterEach(async () => {
    await server.close()
    await real.stop()
  })

  async function compare(requests: readonly (readonly string[])[]): Promise<void> {
    const answers = async (port: number): Promise<[readonly string[], string][]> => {
      const client = await RawClient.connect(port)
      const replies: [readonly string[], string][] = []
      for (const request of requests) replies.push([request, await client.call(...request)])
      client.close()
      return replies
    }
    expect(await answers(server.address.port as number)).toEqual(await answers(real.port))
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
