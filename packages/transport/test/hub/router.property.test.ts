import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliver, type Receiver, Router } from '../../src/hub/router.ts'
import { NO_HEADERS } from '../../src/message/headers.ts'
import { createSubjectFilter } from '../../src/message/subject.ts'

const token = fc.constantFrom('a', 'b', 'c')
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'))
const pattern = fc
  .tuple(
    fc.array(fc.oneof(token, fc.constant('*')), { maxLength: 3 }),
    fc.oneof(token, fc.constantFrom('*', '>')),
  )
  .map(([tokens, last]) => [...tokens, last].join('.'))

type Step =
  | { readonly kind: 'add'; readonly pattern: string; readonly queue: string | undefined }
  | { readonly kind: 'remove'; readonly which: number }
  | { readonly kind: 'cut'; readonly which: number }
  | { readonly kind: 'send'; readonly subject: string }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    pattern,
    queue: fc.constantFrom(undefined, undefined, 'g1', 'g2'),
  }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('cut' as const), which: fc.nat() }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), subject }) },
)

class Counter implements Receiver {
  readonly pattern: string
  readonly queue: string | undefined
  reachable = true
  received = 0

  constructor(patternText: string, queue: string | undefined) {
    this.pattern = patternText
    this.queue = queue
  }

  receive(): void {
    this.received += 1
  }
}

function sendAndCompare(router: Router, live: readonly Counter[], target: string): void {
  for (const receiver of live) receiver.received = 0
  const route = router.find(target) ?? router.resolve(target)
  const message = { subject: target, payload: new Uint8Array(0), headers: NO_HEADERS }
  const delivered = deliver(route, message)
  const matching = live.filter((one) => one.reachable && createSubjectFilter(one.pattern)(target))
  const groups = new Set(matching.flatMap(({ queue }) => queue ?? []))
  for (const one of live) {
    if (one.queue === undefined) expect(one.received).toBe(matching.includes(one) ? 1 : 0)
  }
  for (const queue of groups) {
    const got = live.filter((one) => one.queue === queue && one.received > 0)
    expect(got).toHaveLength(1)
    expect(matching).toContain(got[0])
  }
  const plain = matching.filter(({ queue }) => queue === undefined).length
  expect(delivered).toBe(plain + groups.size)
}

test('the trie delivers to exactly those whose pattern matches, one of each group', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const router = new Router()
      const live: Counter[] = []
      for (const one of steps) {
        if (one.kind === 'add') {
          const receiver = new Counter(one.pattern, one.queue)
          live.push(receiver)
          router.add(one.pattern, receiver)
        } else if (one.kind === 'send') {
          sendAndCompare(router, live, one.subject)
        } else if (live.length > 0) {
          const [chosen] = live.slice(one.which % live.length)
          if (chosen === undefined) continue
          if (one.kind === 'cut') {
            chosen.reachable = !chosen.reachable
            continue
          }
          router.remove(chosen.pattern, chosen)
          live.splice(live.indexOf(chosen), 1)
        }
      }
    }),
  )
})

test('a group is served in turn, passing over members that are cut off', () => {
  const router = new Router()
  const members = [1, 2, 3].map(() => new Counter('a', 'g'))
  for (const member of members) router.add('a', member)
  const route = router.resolve('a')
  const message = { subject: 'a', payload: new Uint8Array(0), headers: NO_HEADERS }
  for (let n = 0; n < 30; n += 1) deliver(route, message)
  expect(members.map(({ received }) => received)).toEqual([10, 10, 10])
  const [first] = members
  if (first) first.reachable = false
  for (let n = 0; n < 10; n += 1) deliver(route, message)
  expect(first?.received).toBe(10)
  expect(members.reduce((sum, { received }) => sum + received, 0)).toBe(40)
})

test('more subjects than the cache keeps are still routed', () => {
  const router = new Router()
  const receiver = new Counter('s.*', undefined)
  router.add('s.*', receiver)
  const send = (subjectText: string): void => {
    const route = router.find(subjectText) ?? router.resolve(subjectText)
    deliver(route, { subject: subjectText, payload: new Uint8Array(0), headers: NO_HEADERS })
  }
  for (let n = 0; n < 20_000; n += 1) send(`s.${n}`)
  send('s.0')
  expect(receiver.received).toBe(20_001)
})
