// Issues timestamps with a ceiling in a file, until it is killed. Arguments: file, ms of the clock.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type Clock, HybridClock, systemClock } from '@ashlar/codec'

const [file = '', startMs = '0'] = process.argv.slice(2)
const originMs = systemClock.monotonic()
const clock: Clock = {
  ...systemClock,
  now: () => Number(startMs) + systemClock.monotonic() - originMs,
}
const hlc = HybridClock.create({
  node: 'child',
  clock,
  ceiling: existsSync(file) ? BigInt(readFileSync(file, 'utf8')) : 0n,
  persistCeiling: (ceiling) => {
    writeFileSync(`${file}.new`, String(ceiling))
    renameSync(`${file}.new`, file)
  },
})
const issue = (): void => {
  process.send?.(String(hlc.now().time))
  setImmediate(issue)
}
issue()
