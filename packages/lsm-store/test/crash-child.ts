// Writes batches until it is killed, and tells each one that was acknowledged.
import { writeSync } from 'node:fs'
import { Store, type SyncMode } from '@ashlar/lsm-store'
import { batchOf, CRASH_OPTIONS } from './crash-history.ts'

const [path = '', sync = 'always'] = process.argv.slice(2)
const store = await Store.open(path, { ...CRASH_OPTIONS, sync: sync as SyncMode })
const counter = store.getSync('counter')
let next = counter === undefined ? 0 : Number(Buffer.from(counter).toString()) + 1

async function lane(): Promise<never> {
  for (;;) {
    const number = next++
    await store.write(batchOf(number))
    writeSync(1, `${number}\n`)
    if (number % 97 === 0) await store.flush()
  }
}

await Promise.all(Array.from({ length: 8 }, lane))
