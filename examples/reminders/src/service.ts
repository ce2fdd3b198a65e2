// The reminder service: one release of it, in a process of its own. Reminders come in over HTTP and go
// out on standard output; SIGTERM ends it gracefully, SIGKILL must not lose anything.
import { parseArgs } from 'node:util'
import { closeOnSignal, Scheduler } from '@ashlar/scheduler-core'
import { schedulerHttp } from '@ashlar/scheduler-core/http'
import { fastify } from 'fastify'
import { print, releaseOf } from './releases.ts'

const { values } = parseArgs({
  options: { release: { type: 'string' }, store: { type: 'string' } },
})
const handlers = releaseOf(values.release)
const { store: path = '.data' } = values
const scheduler = await Scheduler.open({ path, handlers, sync: 'always', keepAlive: true })
const app = fastify()
await app.register(schedulerHttp, { scheduler, authorize: 'same-origin' })
print({ listening: await app.listen({ port: 0, host: '127.0.0.1' }) })
closeOnSignal([app, scheduler])
