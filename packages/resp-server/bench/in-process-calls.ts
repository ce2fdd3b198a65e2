// A process of its own, as a program that embeds the server is. Each message asks for a round of so many
// milliseconds, and is answered with calls per second. With `mixed`, all sorts of commands ran before.
import { createServer } from '@ashlar/resp-server'

const KEYS = Array.from({ length: 100_000 }, (_, n) => `key:${n}`)
/** Calls under way at once: a service answers many requests at a time. */
const AT_ONCE = 64
/** Until the code that a GET runs through is compiled. */
const WARM_UP_MS = 500
const MIXED_ROUNDS = 20_000

const server = await createServer()
if (process.argv[2] === 'mixed') {
  for (let n = 0; n < MIXED_ROUNDS; n += 1) {
    const [name, id] = [`member:${n % 500}`, n % 100]
    await Promise.all([
      server.execute(['LPUSH', `list:${id}`, name]),
      server.execute(['HSET', `hash:${id}`, name, n]),
      server.execute(['HGETALL', 'hash:1']),
      server.execute(['ZADD', `sorted:${id}`, n, name]),
      server.execute(['SADD', `set:${id}`, name]),
      server.execute(['INCR', `counter:${id}`]),
      server.execute(['SET', `text:${id}`, `é${n}`, 'EX', 100]),
      server.execute(['GET', `text:${id}`], { buffers: n % 2 === 0 }),
    ])
  }
  await server.execute(['FLUSHALL'])
}
for (const key of KEYS) await server.execute(['SET', key, key])

async function rate(milliseconds: number): Promise<number> {
  const start = performance.now()
  let done = 0
  while (performance.now() - start < milliseconds) {
    const calls: Promise<unknown>[] = []
    for (let n = 0; n < AT_ONCE; n += 1) {
      calls.push(server.execute(['GET', KEYS[(done + n) % KEYS.length] as string]))
    }
    await Promise.all(calls)
    done += AT_ONCE
  }
  return (done * 1000) / (performance.now() - start)
}

await rate(WARM_UP_MS)
process.on('message', (milliseconds: number) => {
  void rate(milliseconds).then((perSecond) => process.send?.(perSecond))
})
process.send?.('ready')
