// `pnpm check`: every gate that needs no build. All run, then the failures are listed.
import { spawn } from 'node:child_process'

const GATES: readonly (readonly [name: string, command: string])[] = [
  ['biome (format, lint)', 'biome check --error-on-warnings .'],
  ['oxlint (type-aware)', 'oxlint --type-aware --tsconfig tsconfig.test.json --deny-warnings'],
  ['tsc (packages)', 'tsc -b'],
  ['tsc (tests, scripts, examples)', 'tsc -p tsconfig.test.json'],
  ['knip (unused code and dependencies)', 'knip --no-config-hints'],
  ['dependency-cruiser (layers)', 'depcruise --config .dependency-cruiser.mjs packages examples'],
  ['sherif (workspace)', 'sherif --no-install'],
]

interface Outcome {
  readonly name: string
  readonly ok: boolean
  readonly output: string
  readonly seconds: number
}

function runGate(name: string, command: string): Promise<Outcome> {
  const started = performance.now()
  const [file = '', ...args] = command.split(' ')
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(file, args, { shell: process.platform === 'win32' })
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const finish = (ok: boolean): void =>
      resolve({ name, ok, output, seconds: (performance.now() - started) / 1000 })
    child.on('error', (error) => {
      output += error.message
      finish(false)
    })
    child.on('close', (code) => finish(code === 0))
  })
}

let failed = 0
for (const [name, command] of GATES) {
  const outcome = await runGate(name, command)
  console.log(`${outcome.ok ? 'ok  ' : 'FAIL'} ${name} (${outcome.seconds.toFixed(1)} s)`)
  if (!outcome.ok) {
    failed += 1
    console.log(outcome.output.trimEnd())
  }
}
console.log(`${GATES.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
