import { silentLogger } from '@ashlar/codec'
import { createMemoryHub, memory } from '@ashlar/transport'
import { expect, onTestFinished, test } from 'vitest'
import { Election } from '../../src/replication/election.ts'
import { replies } from '../../src/replication/feed-messages.ts'
import type { ShardRecord } from '../../src/replication/member.ts'

const timeline = { id: 't', epoch: 3 }

/** An election at node a of a group of a, b and c; the others stand where they are said to. */
async function electionOfA(others: Readonly<Record<string, number>>): Promise<Election> {
  const transport = memory({ hub: createMemoryHub() })
  onTestFinished(() => transport.close())
  for (const [node, sequence] of Object.entries(others)) {
    transport.respond(`status.${node}`, () =>
      replies.encode({ is: 'status', node, timeline, sequence, isComplete: true }),
    )
  }
  await transport.flush()
  const subjectOf = (node: string): string => `status.${node}`
  return new Election({ transport, logger: silentLogger, node: 'a', subjectOf, timeoutMs: 1_000 })
}

const address = { host: '127.0.0.1', port: 1 }
const member = (node: string): ShardRecord['primary'] => ({ node, address })
const shard: ShardRecord = {
  epoch: 3,
  basis: 3,
  primary: member('a'),
  replicas: [member('b'), member('c')],
}

test('the furthest of those who answer is to take over, at most three times in a row', async () => {
  const election = await electionOfA({ b: 20, c: 30 })
  const own = { timeline, sequence: 10 }
  for (let time = 0; time < 3; time++) expect(await election.betterThan(own, shard)).toBe('c')
  expect(await election.betterThan(own, shard)).toBeUndefined()
})

test('who is as far as any other, or of a later timeline, goes on', async () => {
  const election = await electionOfA({ b: 10 }) // nobody answers for c
  expect(await election.betterThan({ timeline, sequence: 10 }, shard)).toBeUndefined()
  const later = { timeline: { id: 'u', epoch: 4 }, sequence: 1 }
  expect(await election.betterThan(later, shard)).toBeUndefined()
})
