// A reminder service that is killed and deployed anew while reminders fall due: nothing is lost, nothing
// early, each person's reminders come in order, and old payloads run on the new code.
import { parseArgs } from 'node:util'
import { Ledger } from './ledger.ts'
import { playOnAFolder } from './on-a-folder.ts'
import { playOverNats } from './over-nats.ts'
import { TOTAL } from './reminders.ts'

const { values } = parseArgs({ options: { nats: { type: 'boolean' } } })
const ledger = new Ledger()
await (values.nats === true ? playOverNats(ledger) : playOnAFolder(ledger))

const { first, second, again, early, disordered } = ledger.summary()
console.log(`sent ${TOTAL}: ${first} by the first release, ${second} by the second`)
console.log(`sent again, as the kill found them under way: ${again}`)
console.log(`early: ${early}, out of order: ${disordered}`)
if (early + disordered > 0) process.exitCode = 1
