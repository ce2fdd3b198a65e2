import { playSeed, SCENARIOS } from '@ashlar/simulation'

const [from = 1, to = 1] = process.argv.slice(2).map(Number)
const digests: string[] = []
for (const { create } of Object.values(SCENARIOS)) {
  for (let seed = from; seed <= to; seed++) {
    digests.push((await playSeed(create(), seed)).trace.digest())
  }
}
process.send?.(digests)
