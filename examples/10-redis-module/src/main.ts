// A module of one's own: rate limits as values of keys, kept, documented and guarded like Redis' own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '@ashlar/resp-server'
import { Redis } from 'ioredis'
import { bucketModule } from './bucket-module.ts'

const path = mkdtempSync(join(tmpdir(), 'module-example-'))
const server = await createServer({ port: 0, path, modules: [bucketModule()] })
const redis = new Redis({ port: server.address.port ?? 0 })

await redis.call('BUCKET.RESERVE', 'api', '3', '10')
console.log('type:', await redis.type('api'))
for (const request of [1, 2, 3]) console.log(`request ${request}:`, await took(redis))

// this one waits for a token, without asking again and again
console.log('waited for:', await redis.call('BUCKET.WAIT', 'api', '2', '5'))

// generic commands know the type: copies, dumps, transactions, users
await redis.copy('api', 'other')
await redis.restore('moved', 0, (await redis.dumpBuffer('api')) as Buffer)
console.log('same type:', await redis.type('moved'), await redis.type('other'))
await redis.call('ACL', 'SETUSER', 'gate', 'on', '>secret', '~api*', '+@bucket')
const gate = new Redis({
  port: server.address.port ?? 0,
  username: 'gate',
  password: 'secret',
  enableReadyCheck: false,
})
gate.on('error', () => {})
await gate.call('BUCKET.TAKE', 'api', '1').catch(() => {})
console.log('not allowed:', await gate.get('api').catch((error: Error) => error.message))
await gate.quit()
await redis.quit()
await server.close()

const again = await createServer({ path, modules: [bucketModule()] })
console.log('after a restart:', await again.execute(['TYPE', 'api']))
const modules = (await again.execute(['MODULE', 'LIST'])) as Map<string, unknown>[]
console.log('modules:', modules.map((one) => one.get('name')).join())
await again.close()
rmSync(path, { recursive: true })

async function took(client: Redis): Promise<boolean> {
  const answer = (await client.call('BUCKET.TAKE', 'api', '1')) as unknown[] | Map<string, unknown>
  const values = Array.isArray(answer) ? answer : [...answer].flat()
  return values[1] === 1 || values[1] === true
}
