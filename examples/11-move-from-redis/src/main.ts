// From redis-server to resp-server and back while a shop goes on taking orders, and not one of them lost.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '@ashlar/resp-server'
import { Redis } from 'ioredis'
import { startRedis } from './redis-server.ts'
import { Shop } from './shop.ts'

const folder = mkdtempSync(join(tmpdir(), 'move-example-'))
const path = join(folder, 'data')
const before = await startRedis(folder)
const old = new Redis({ port: before.port })

/** Resolves when a server has a copy of the one that it follows, and runs what that runs. */
async function untilFollowing(info: () => Promise<unknown>): Promise<void> {
  while (!String(await info()).includes('master_link_status:up')) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const shop = new Shop(old)
const open = shop.takeOrders()
await shop.has(500)
console.log('on redis-server, orders come in')

// a copy, and then everything that happens
let server = await createServer({ port: 0, path })
await server.execute(['REPLICAOF', '127.0.0.1', before.port])
await untilFollowing(() => server.execute(['INFO', 'replication']))
await shop.has(2000)
console.log('followed:', ((await server.execute(['ROLE'])) as unknown[])[3])

// the moment: no more writes there, all of them here, and the shop goes on here
await shop.pause()
console.log('replicas that have everything:', await old.wait(1, 10_000))
await server.execute(['REPLICAOF', 'NO', 'ONE'])
const here = new Redis({ port: server.address.port ?? 0 })
shop.resume(here)
await old.quit()
await before.stop()
console.log('redis-server has ended')
await shop.has(3000)

// and out again, the same way: now a redis-server follows
const otherFolder = join(folder, 'other')
mkdirSync(otherFolder)
const after = await startRedis(otherFolder)
const other = new Redis({ port: after.port })
await other.replicaof('127.0.0.1', server.address.port ?? 0)
await untilFollowing(() => other.info('replication'))
await shop.has(4000)
await shop.pause()
console.log('replicas that have everything:', await here.wait(1, 10_000))
const moved = await here.scard('orders')
await other.replicaof('NO', 'ONE')
shop.resume(other)
await here.quit()
await server.close()
console.log('resp-server has ended')

await shop.has(5000)
shop.close()
const orders = await open
console.log('every order is there:', (await other.scard('orders')) === orders)
console.log('and none is counted twice:', Number(await other.get('count')) === orders)
await other.quit()
await after.stop()

server = await createServer({ path })
console.log('and here, as it was left:', (await server.execute(['SCARD', 'orders'])) === moved)
await server.close()
rmSync(folder, { recursive: true })
