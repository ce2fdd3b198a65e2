/**
 * Compares the processor time of scripts with redis-server's:
 * `node --conditions=@ashlar/source packages/resp-server/test/lua/bench/lua-bench.ts [rounds] [name]`.
 * Each load runs in turns on both, medians are compared; a ratio above 1 means that ours is faster.
 * Processor time of all threads: compiling and collecting garbage beside the script counts too.
 */
import { RedisOracle } from '../support/redis-oracle.ts'
import { ScriptHost } from '../support/script-host.ts'
import { LOADS } from './loads.ts'

const rounds = Number(process.argv[2] ?? 9)
const only = process.argv[3]

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0
}

function ourMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

async function theirMs(oracle: RedisOracle): Promise<number> {
  const info = await oracle.send(['INFO', 'cpu'])
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1])
  return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1000
}

await using oracle = await RedisOracle.start()
const host = new ScriptHost()
console.log('load'.padEnd(34), 'redis ms'.padStart(10), 'ours ms'.padStart(10), 'ratio'.padStart(7))
for (const { name, source } of LOADS) {
  if (only !== undefined && !name.includes(only)) continue
  const script = host.runtime.compile(source, '@user_script')
  const theirs: number[] = []
  const ours: number[] = []
  for (let round = 0; round < rounds; round++) {
    const before = await theirMs(oracle)
    const reply = await oracle.eval(source, ['key1'], ['arg1', '10'])
    if (reply.startsWith('-')) throw new Error(`${name}: ${reply}`)
    theirs.push((await theirMs(oracle)) - before)
    const start = ourMs()
    host.sandbox.run(script, { keys: ['key1'], argv: ['arg1', '10'] })
    ours.push(ourMs() - start)
  }
  const [their, our] = [median(theirs), median(ours)]
  console.log(
    name.padEnd(34),
    their.toFixed(2).padStart(10),
    our.toFixed(2).padStart(10),
    (their / our).toFixed(2).padStart(7),
  )
}
