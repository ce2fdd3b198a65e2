import { VirtualClock } from '@ashlar/codec'
import { createMemoryHub, isTransportError, type Message, memory } from '@ashlar/transport'
import { RequestTable } from '@ashlar/transport/driver'
import { expect, test } from 'vitest'

const empty = new Uint8Array(0)

test('requests in flight share one timer, and none is left when all are answered', async () => {
  const clock = new VirtualClock()
  const hub = createMemoryHub()
  const transport = memory({ hub, clock })
  const gate = Promise.withResolvers<Uint8Array>()
  transport.respond('a', () => gate.promise)
  const answers = Array.from({ length: 100 }, () => transport.request('a', empty))
  expect(clock.pendingTimers).toBe(1)
  gate.resolve(empty)
  await Promise.all(answers)
  expect(clock.pendingTimers).toBe(0)
})

test('a request that arrives later times out later, by the same timer', async () => {
  const clock = new VirtualClock()
  const transport = memory({ clock })
  transport.subscribe('mute')
  const ended: string[] = []
  const ask = async (name: string): Promise<void> => {
    await transport.request('mute', empty, { timeoutMs: 100 }).catch((error: unknown) => {
      expect(isTransportError(error, 'TIMEOUT')).toBe(true)
      ended.push(`${name} at ${clock.monotonic()}`)
    })
  }
  const first = ask('first')
  await clock.advance(60)
  const second = ask('second')
  await clock.advance(200)
  await Promise.all([first, second])
  expect(ended).toEqual(['first at 100', 'second at 160'])
  expect(clock.pendingTimers).toBe(0)
})

test('an answer that comes late, or to no inbox of the table, meets no other request', () => {
  const table = new RequestTable(new VirtualClock(), 'inbox.')
  const answered: string[] = []
  const open = (subject: string): string =>
    table.open({
      subject,
      timeoutMs: 100,
      signal: undefined,
      resolve: () => answered.push(subject),
      reject: () => answered.push(`not ${subject}`),
    })
  const answer: Message = { subject: '', payload: empty, headers: {}, reply: undefined }
  const first = open('first')
  expect(table.fail(first, new Error('no'))).toBe(true)
  const second = open('second') // in the slot that has become free
  expect(table.settle(first, answer)).toBe(false)
  for (const inbox of ['inbox.', 'inbox.0', 'inbox.x', 'inbox.-1', 'other', `${second}0`]) {
    expect(table.settle(inbox, answer), inbox).toBe(false)
  }
  expect(table.size).toBe(1)
  expect(table.settle(second, answer)).toBe(true)
  expect(table.settle(second, answer)).toBe(false)
  expect(answered).toEqual(['not first', 'second'])
})

test('many requests that end in any order each get their own answer', async () => {
  const table = new RequestTable(new VirtualClock(), 'inbox.')
  const waiting = new Map<string, number>()
  const got: string[] = []
  for (let n = 0; n < 1_000; n += 1) {
    const inbox = table.open({
      subject: `s${n}`,
      timeoutMs: n % 3 === 0 ? 10 : 20,
      signal: undefined,
      resolve: ({ subject }) => got.push(`${n} ${subject}`),
      reject: () => got.push(`${n} failed`),
    })
    expect(waiting.has(inbox)).toBe(false)
    waiting.set(inbox, n)
    if (n % 2 === 0) continue
    const [pick, of] = [...waiting][(n * 7) % waiting.size] as [string, number]
    waiting.delete(pick)
    const answer = { subject: String(of), payload: empty, headers: {}, reply: undefined }
    expect(table.settle(pick, answer)).toBe(true)
    expect(got.at(-1)).toBe(`${of} ${of}`)
  }
  expect(table.size).toBe(waiting.size)
  table.failAll(() => new Error('the end'))
  expect(table.size).toBe(0)
  expect(got).toHaveLength(1_000)
})
