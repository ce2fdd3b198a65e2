// `pnpm soak --minutes 30 packages/resp-server`: tests that take a seed, round after round with new ones.
// Ends at the first failure, and says how to run it again. `--seed 5` begins with that one.
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
  allowPositionals: true,
})
const minutes = Number(values.minutes)
const first = Number(values.seed)
if (!(minutes > 0) || !Number.isSafeInteger(first)) {
  console.error('usage: pnpm soak [--minutes 10] [--seed <integer>] [path ...]')
  process.exit(2)
}

const names = new Set(['PROPERTY_SEED'])
const files: string[] = []
for (const path of globSync('packages/*/test/**/*.test.ts').sort()) {
  if (positionals.length > 0 && !positionals.some((part) => path.includes(part))) continue
  const text = readFileSync(path, 'utf8')
  const found = [...text.matchAll(/process\.env\['(\w*SEED)'\]/g)].map(
    (match) => match[1] as string,
  )
  for (const name of found) names.add(name)
  if (found.length > 0 || text.includes('fc.assert(')) files.push(path)
}

const end = performance.now() + minutes * 60_000
let rounds = 0
for (let seed = first; rounds === 0 || performance.now() < end; seed = randomInt(2 ** 31)) {
  const seeds = Object.fromEntries([...names].map((name) => [name, String(seed)]))
  console.log(`round ${rounds + 1}: seed ${seed}, ${files.length} files`)
  const { status } = spawnSync('vitest', ['run', '--reporter=dot', ...files], {
    env: { ...process.env, ...seeds },
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    console.error(`failed in round ${rounds + 1}: pnpm soak --seed ${seed} <path of the test>`)
    process.exit(1)
  }
  rounds += 1
}
console.log(`${rounds} rounds passed`)
