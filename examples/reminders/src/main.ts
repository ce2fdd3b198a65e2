// A reminder service that is killed and deployed anew while reminders fall due: nothing is lost, nothing
// early, each person's reminders come in order, and old payloads run on the new code.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Deployed, deploy } from './deploy.ts'
import { Ledger } from './ledger.ts'

const PEOPLE = ['ada', 'bob', 'cleo', 'dan', 'eve', 'finn']
const EACH = 50
const SPREAD_MS = 3000
const TOTAL = PEOPLE.length * EACH

const store = mkdtempSync(join(tmpdir(), 'reminders-'))
const ledger = new Ledger()
const start = (release: string): Promise<Deployed> =>
  deploy({
    release,
    store,
    onReminded: (reminded) => ledger.add(release, reminded),
    onDied: (error) => ledger.fail(error),
  })

/** Reminder 1 of everybody, then 2 of everybody, ...: due one after the other within three seconds. */
async function schedule(url: string): Promise<void> {
  const now = Date.now()
  const tasks = Array.from({ length: TOTAL }, (_, index) => ({
    handler: 'remind',
    key: PEOPLE[index % PEOPLE.length],
    payload: String(Math.floor(index / PEOPLE.length) + 1),
    dueAt: now + (index * SPREAD_MS) / TOTAL,
  }))
  const response = await fetch(`${url}/tasks/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tasks }),
  })
  if (!response.ok) throw new Error(await response.text())
}

let service = await start('first')
await schedule(service.url)
console.log(`${TOTAL} reminders for ${PEOPLE.length} people are stored`)
await ledger.reached(TOTAL / 3)
await service.end('SIGKILL')
console.log('the first release is killed when a third is sent')

await start('forgetful').catch((error: Error) => console.log(`deploy refused: ${error.message}`))

service = await start('second')
await ledger.reached((TOTAL * 2) / 3)
await service.end('SIGTERM')
service = await start('second')
console.log('the second release is up, and was restarted when two thirds were sent')
await ledger.reached(TOTAL)
await service.end('SIGTERM')
rmSync(store, { recursive: true })

const { first, second, again, early, disordered } = ledger.summary()
console.log(`sent ${TOTAL}: ${first} by the first release, ${second} by the second`)
console.log(`sent again, as the kill found them under way: ${again}`)
console.log(`early: ${early}, out of order: ${disordered}`)
if (early + disordered > 0) process.exitCode = 1
