import { systemClock } from '@ashlar/codec'
import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { type Flushable, Turn, type TurnLog } from '../src/server/turn.ts'
import { encodeRequest, RawClient } from './support/raw-client.ts'

/** Notes what happens to the log and to those who were written to, in order. */
function rig(log: { isUnwritten: boolean; works: boolean }) {
  const happened: string[] = []
  const turn = new Turn({
    get isUnwritten() {
      return log.isUnwritten
    },
    writeOut() {
      happened.push('log')
      log.isUnwritten = false
      return log.works
    },
  } satisfies TurnLog)
  const client = (name: string): Flushable => ({
    send: () => happened.push(`send ${name}`),
    abandon: () => happened.push(`abandon ${name}`),
  })
  const input = (name: string): void => {
    turn.flushLater(client(name))
    turn.end()
  }
  return { turn, happened, input }
}

const loopTurns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('replies of one turn of the event loop leave together, behind what they tell of', async () => {
  const log = { isUnwritten: false, works: true }
  const { happened, input } = rig(log)
  input('a')
  log.isUnwritten = true
  input('b')
  input('c')
  expect(happened).toEqual([])
  await loopTurns()
  expect(happened).toEqual(['log', 'send a', 'send b', 'send c'])
})

test('a turn that changed nothing writes no log', async () => {
  const { happened, input } = rig({ isUnwritten: false, works: true })
  input('a')
  await loopTurns()
  input('b')
  await loopTurns()
  expect(happened).toEqual(['send a', 'send b'])
})

test('no reply leaves when the log could not be written', async () => {
  const { happened, input } = rig({ isUnwritten: true, works: false })
  input('a')
  input('b')
  await loopTurns()
  expect(happened).toEqual(['log', 'abandon a', 'abandon b'])
})

test('what has waited for long is sent between two requests, and the rest at the end', async () => {
  const log = { isUnwritten: true, works: true }
  const { turn, happened, input } = rig(log)
  turn.begin(10)
  input('a')
  expect(turn.isLong(10.5)).toBe(false)
  expect(turn.isLong(12)).toBe(true)
  turn.sendNow(12)
  expect(happened).toEqual(['log', 'send a'])
  expect(turn.isLong(12.5)).toBe(false)
  log.isUnwritten = true
  input('b')
  await loopTurns()
  expect(happened.slice(2)).toEqual(['log', 'send b'])
  expect(turn.isLong(100)).toBe(false)
})

/** Bytes that INFO, behind another request of the same pipeline, says were sent before it ran. */
async function sentBefore(request: string[], stepMs: number): Promise<number> {
  let now = 0
  const monotonic = (): number => {
    now += stepMs
    return now
  }
  await using server = await createServer({ port: 0, clock: { ...systemClock, monotonic } })
  await server.execute(['SET', 'large', 'x'.repeat(100_000)])
  const client = await RawClient.connect(server.address.port as number)
  client.write(Buffer.concat([request, ['INFO', 'stats']].map(encodeRequest)))
  await client.next()
  const stats = await client.next()
  client.close()
  return Number(/total_net_output_bytes:(\d+)/.exec(stats)?.[1])
}

test('the first replies of a pipeline leave while the rest of it takes long, or when they are large', async () => {
  expect(await sentBefore(['KEYS', 'none'], 0.01)).toBe(0)
  expect(await sentBefore(['KEYS', 'none'], 2)).toBe('*0\r\n'.length)
  expect(await sentBefore(['GET', 'large'], 0.01)).toBe('$100000\r\n\r\n'.length + 100_000)
})
