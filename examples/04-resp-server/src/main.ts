// A job queue and a leaderboard over a socket and in-process, then a restart that loses nothing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '@ashlar/resp-server'
import { Redis } from 'ioredis'

const path = mkdtempSync(join(tmpdir(), 'resp-example-'))
const server = await createServer({ port: 0, path, appendFsync: 'always' })
const { port = 0 } = server.address

// a worker on a connection of its own waits for jobs, as it would on Redis
const worker = new Redis({ port })
const done = (async () => {
  const finished: string[] = []
  while (finished.length < 3) {
    const popped = await worker.blpop('jobs', 0)
    const job = popped?.[1] ?? ''
    await worker
      .multi()
      .hset('results', job, job.length)
      .zincrby('busy', job.length, 'worker')
      .exec()
    finished.push(job)
  }
  return finished
})()

// the producer is another client of the same server
const producer = new Redis({ port })
await producer.rpush('jobs', 'lint', 'build', 'publish')
console.log('worked off:', (await done).join(', '))
console.log('over the socket:', JSON.stringify(await producer.hgetall('results')))

// the process that embeds the server needs no socket
console.log('in-process:', await server.execute(['ZSCORE', 'busy', 'worker']))
await server.execute(['SET', 'session:1', 'Ada', 'EX', 3600])

// optimistic locking: the second writer is told that it came too late
await producer.watch('session:1')
await server.execute(['APPEND', 'session:1', ' Lovelace'])
console.log('too late:', (await producer.multi().del('session:1').exec()) === null)

await producer.quit()
await worker.quit()
await server.close()

const again = await createServer({ path })
console.log('after a restart:', await again.execute(['GET', 'session:1']))
console.log(
  'keys:',
  await again.execute(['DBSIZE']),
  'ttl:',
  await again.execute(['TTL', 'session:1']),
)
await again.close()
rmSync(path, { recursive: true })
