// One side of the benchmark in a process of its own: `server.ts ours|floor <database file>`.
import { createApi } from '@ashlar/schema-api'
import { startFloor } from './floor.ts'
import { openShop } from './shop-database.ts'

const [side, path = ''] = process.argv.slice(2)
const database = openShop(path)

async function start(): Promise<number> {
  if (side === 'floor') return startFloor(database)
  const api = await createApi({ database, pages: false })
  return (await api.listen()).port
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: (user + system) / 1e6 })
})
process.send?.({ port: await start() })
process.once('disconnect', () => process.exit(0))
