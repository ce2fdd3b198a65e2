// node bench/costs-child.ts <engine> <directory> <count> <close|kill>: fills a store in a process of
// its own, so that what it writes and holds can be measured, and that it can be killed.
import { readFileSync } from 'node:fs'
import { makeKeys, makeValues, pick } from './data.ts'
import type { EngineName } from './engines/engine.ts'
import { openEngineAt } from './engines/open-engine.ts'

const [name, directory, countText, end] = process.argv.slice(2)
const count = Number(countText)
const value = makeValues(100)

/** Bytes passed to write(2) so far; Linux only. */
function bytesWritten(): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

/**
 * The most memory held at once; Linux only. Of `getrusage` a child gets to hear what its parent held when it
 * was made.
 */
function peakBytes(): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}

const engine = await openEngineAt(name as EngineName, directory as string)
const before = bytesWritten()
for (let i = 0; i < count; i += 1000) {
  const keys = makeKeys(1000, 'random', i)
  await engine.write(
    keys,
    keys.map((_, j) => value(i + j)),
  )
}
if (end === 'kill') process.kill(process.pid, 'SIGKILL')
await engine.settle()
// A few keys at a time: what is measured is what the engine holds, not what its user does.
for (let i = 0; i < Math.min(count, 200_000); i += 1000) {
  const some = makeKeys(1000, 'random', i)
  for (let j = 0; j < some.length; j++) await engine.get(pick(some, j))
}
await engine.close()
const result = {
  written: bytesWritten() - before,
  peakBytes: peakBytes(),
}
process.stdout.write(JSON.stringify(result))
