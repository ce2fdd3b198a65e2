// Runs Redis' own Tcl suite against this server or against redis-server, in its external mode or, with
// --spawned, the files that start servers by themselves:
//   pnpm --filter @ashlar/resp-server tcl [--only unit/type/list] [--spawned] [--real] [--limit-seconds 300] [--markdown] [--logs folder]
// The suite comes from Debian's source package and stays outside of this repository. tclsh is
// needed (apt-get install tcl). Encodings are not compared: lists and sets that are small have
// those of 7.2 and later (listpack), and the suite is of 7.0.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { freePort } from '@ashlar/transport/testing'
import { redisSource, spawnTree } from './redis-source.ts'
import { SPAWNED_UNITS, UNITS } from './units.ts'

/** Tests that need a replica, gigabytes or minutes. */
const TAGS = '-slow -large-memory -needs:repl -needs:debug'

interface Result {
  readonly unit: string
  readonly passed: number
  readonly failures: readonly string[]
  readonly skipped: number
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    real: { type: 'boolean', default: false },
    spawned: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    logs: { type: 'string' },
    'limit-seconds': { type: 'string', default: '300' },
  },
})

async function startServer(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const port = await freePort()
  const shared = ['--port', String(port), '--dir', folder, '--enable-debug-command', 'yes']
  const child = values.real
    ? spawn('redis-server', [...shared, '--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] })
    : spawn(
        process.execPath,
        [...process.execArgv, join(import.meta.dirname, '../src/cli.ts'), ...shared],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
  let log = ''
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    log += chunk.toString()
    if (log.includes('Ready to accept connections')) break
  }
  child.stdout?.resume()
  if (child.exitCode !== null) throw new Error(`the server did not start:\n${log}`)
  return { child, port }
}

/** Runs the suite's own program to its end; answers what it printed. */
async function runSuite(cwd: string, unit: string, args: readonly string[]): Promise<string> {
  const common = ['--single', unit, '--clients', '1', '--durable', '--ignore-encoding']
  const suite = spawn(
    'tclsh',
    ['tests/test_helper.tcl', ...args, ...common, '--tags', TAGS],
    // the suite starts processes of its own, which a kill must reach too
    { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  let output = ''
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('latin1')
  }
  suite.stdout.on('data', collect)
  suite.stderr.on('data', collect)
  const timer = setTimeout(
    () => process.kill(-(suite.pid as number), 'SIGKILL'),
    Number(values['limit-seconds']) * 1000,
  )
  await once(suite, 'close')
  clearTimeout(timer)
  return output
}

async function runExternal(source: string, unit: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'resp-tcl-'))
  const { child, port } = await startServer(folder)
  const address = ['--host', '127.0.0.1', '--port', String(port)]
  let output = await runSuite(source, unit, [...address, '--baseport', String(port + 100)])
  if (child.exitCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  } else output += `\n[exception]: the server ended with ${child.exitCode}\n`
  rmSync(folder, { recursive: true, force: true })
  return output
}

async function runSpawned(source: string, unit: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'resp-tcl-'))
  const command = values.real
    ? ['/usr/bin/redis-server']
    : [process.execPath, ...process.execArgv, join(import.meta.dirname, '../src/cli.ts')]
  const tree = spawnTree(source, folder, command)
  const output = await runSuite(tree, unit, ['--baseport', String(await freePort())])
  rmSync(folder, { recursive: true, force: true })
  return output
}

async function runUnit(source: string, unit: string): Promise<Result> {
  const output = await (values.spawned ? runSpawned : runExternal)(source, unit)
  if (values.logs !== undefined) {
    mkdirSync(values.logs, { recursive: true })
    writeFileSync(join(values.logs, `${unit.replaceAll('/', '-')}.log`), output, 'latin1')
  }
  return readResult(unit, output)
}

function readResult(unit: string, output: string): Result {
  const lines = stripVTControlCharacters(output).split('\n')
  const starting = (mark: string): string[] => lines.filter((line) => line.startsWith(mark))
  const failures = new Set(starting('[err]:'))
  lines.forEach((line, at) => {
    if (line.startsWith('[exception]'))
      failures.add([line, ...lines.slice(at + 1, at + 3)].join(' '))
  })
  const isWhole = starting('[1/1 done]').length > 0 || output.includes('The End')
  if (!isWhole) failures.add('[exception]: the unit did not end in time')
  return {
    unit,
    passed: starting('[ok]:').length,
    failures: [...failures],
    skipped: starting('[ignore]:').length + starting('[skip]:').length,
  }
}

function report(results: readonly Result[]): void {
  const total = (count: (result: Result) => number): number =>
    results.reduce((sum, result) => sum + count(result), 0)
  const rows = results.map(({ unit, passed, failures, skipped }) =>
    [unit, passed, failures.length, skipped].map(String),
  )
  const sums = [
    total((one) => one.passed),
    total((one) => one.failures.length),
    total((one) => one.skipped),
  ]
  rows.push(['total', ...sums.map(String)])
  const header = ['file', 'passed', 'failed', 'skipped']
  const lines = values.markdown
    ? [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
    : [header, ...rows].map((row) =>
        row.map((cell, at) => (at === 0 ? cell.padEnd(28) : cell.padStart(8))).join(''),
      )
  console.log(lines.join('\n'))
}

const source = redisSource()
const results: Result[] = []
for (const unit of values.only ?? (values.spawned ? SPAWNED_UNITS : UNITS)) {
  const result = await runUnit(source, unit)
  results.push(result)
  console.error(`${unit}: ${result.passed} passed, ${result.failures.length} failed`)
  for (const failure of result.failures) console.error(`  ${failure.slice(0, 400)}`)
}
report(results)
process.exitCode = results.some(({ failures }) => failures.length > 0) ? 1 : 0
