// node bench/overwrite-child.ts <engine> <directory> <keys> <count>: overwrites values of 16 KiB at random, in a
// process of its own, so that what it writes can be measured.
import { readFileSync } from 'node:fs'
import { makeKeys, makeValues, mulberry } from './data.ts'
import type { EngineName } from './engines/engine.ts'
import { openEngineAt } from './engines/open-engine.ts'

const VALUE_BYTES = 16 * 1024
const BATCH = 16

const [name, directory, keyText, countText] = process.argv.slice(2)
const count = Number(countText)
const keys = makeKeys(Number(keyText), 'random')
const value = makeValues(VALUE_BYTES)
const random = mulberry(11)

/** Bytes passed to write(2) so far; Linux only. */
function bytesWritten(): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

const engine = await openEngineAt(name as EngineName, directory as string)
const before = bytesWritten()
const start = performance.now()
for (let i = 0; i < count; i += BATCH) {
  // The first time each key is written once, in order of the list; then whichever comes.
  const batch = Array.from({ length: BATCH }, (_, j) => {
    const at = i + j < keys.length ? i + j : Math.floor(random() * keys.length)
    return keys[at] as Buffer
  })
  await engine.write(
    batch,
    batch.map((_, j) => value(i + j)),
  )
}
const elapsedMs = performance.now() - start
await engine.settle()
await engine.close()
const { user, system } = process.cpuUsage()
const cpuMs = (user + system) / 1000
const writeAmplification = (bytesWritten() - before) / (count * VALUE_BYTES)
process.stdout.write(JSON.stringify({ writeAmplification, elapsedMs, cpuMs }))
