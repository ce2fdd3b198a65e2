// A service on its own, as users run it: opens the tasks in a folder, runs a hundred that are due, and
// prints the memory of its process. Plain JavaScript, so that no compiler is counted.
import { Scheduler } from '@ashlar/scheduler-core'

const [path = ''] = process.argv.slice(2)
const all = Promise.withResolvers()
let left = 100
const task = {
  run() {
    left -= 1
    if (left === 0) all.resolve()
  },
}
const scheduler = await Scheduler.open({ path, handlers: { task }, keepAlive: true })
for (let n = 0; n < 100; n++) {
  await scheduler.schedule({ handler: 'task', payload: { n, text: 'remind me at ten' } })
}
await all.promise
console.log(process.memoryUsage.rss())
await scheduler.close()
