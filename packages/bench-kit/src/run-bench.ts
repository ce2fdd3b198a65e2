import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { play, type Row, type Score } from './contest.ts'

type Result = Row & Score

/** Runs the rows that the command line asks for, prints them and sets the exit code. */
export async function runBench(packageName: string, rows: readonly Row[]): Promise<void> {
  const { values: flags } = parseArgs({
    allowPositionals: true, // package managers may pass the `--` on
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      gate: { type: 'boolean', default: false },
    },
  })
  const chosen = rows.filter(
    (row) => flags.only.length === 0 || flags.only.some((name) => row.name.includes(name)),
  )
  if (chosen.length === 0) {
    throw new Error(`--only matches no row; there are: ${rows.map((row) => row.name).join(', ')}`)
  }
  const results: Result[] = []
  for (const row of chosen) {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${row.name} ...`)
    const result = { ...row, ...(await play(row, flags.quick)) }
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
    results.push(result)
    if (flags.json) console.log(JSON.stringify(record(packageName, result)))
    else if (!flags.markdown) console.log(line(result))
  }
  if (flags.markdown) {
    const table = markdown(packageName, results, flags.quick)
    console.log(table)
    updateReadme(table, flags.only.length > 0)
  }
  const failed = results.filter((result) => !(result.ratio >= result.must))
  if (flags.gate && failed.length > 0) {
    console.error(`under their must: ${failed.map((result) => result.name).join(', ')}`)
    process.exitCode = 1
  }
}

function record(packageName: string, result: Result): Record<string, unknown> {
  const { name, unit, ours, peer, theirs, ratio, must, aim, notes = '' } = result
  return { package: packageName, row: name, unit, ours, peer, theirs, ratio, must, aim, notes }
}

function line(result: Result): string {
  const { name, unit, peer, notes } = result
  const verdict = result.ratio >= result.aim ? 'aim' : result.ratio >= result.must ? 'must' : 'MISS'
  return (
    `${verdict.padEnd(5)}${name.padEnd(36)} ${times(result.ratio).padStart(7)}  ` +
    `${figure(result.ours)} against ${figure(result.theirs)} ${unit} (${peer})` +
    (notes === undefined ? '' : `; ${notes}`)
  )
}

function markdown(packageName: string, results: readonly Result[], quick: boolean): string {
  const lines = results.map(
    ({ name, unit, peer, ours, theirs, ratio, notes = '' }) =>
      `| ${name} | ${figure(ours)} ${unit} | ${figure(theirs)} ${unit} (${peer}) | ` +
      `${times(ratio)} | ${notes} |`,
  )
  const machine = `Node ${process.versions.node}, ${cpus()[0]?.model.trim() ?? process.arch}`
  return [
    `\`pnpm --filter ${packageName} bench${quick ? ' --quick' : ''} --markdown\` on ${machine}. Medians of rounds that take`,
    'turns; a ratio above 1 means that ours is better.',
    '',
    '| row | ours | peer | ratio | notes |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

/** Puts the table where the package's README has the marks for it; of some rows, their lines. */
function updateReadme(table: string, partly: boolean): void {
  if (!existsSync('README.md')) return
  const readme = readFileSync('README.md', 'utf8')
  const marked = /(<!-- bench -->\n)([\s\S]*?)(<!-- \/bench -->)/
  const updated = readme.replace(marked, (_, open: string, old: string, close: string) =>
    partly ? `${open}${withLines(old, table)}${close}` : `${open}\n${table}\n\n${close}`,
  )
  writeFileSync('README.md', updated)
}

/** The old table with these lines in the place of those for the same rows, or at its end. */
function withLines(old: string, table: string): string {
  const isRow = (line: string): boolean => /^\| (?!row|---)/.test(line)
  const nameOf = (line: string): string | undefined => line.split('|')[1]?.trim()
  let lines = old.trimEnd().split('\n')
  for (const line of table.split('\n').filter(isRow)) {
    const known = lines.some((other) => isRow(other) && nameOf(other) === nameOf(line))
    if (!known) lines.push(line)
    else lines = lines.map((other) => (nameOf(other) === nameOf(line) ? line : other))
  }
  return `${lines.join('\n')}\n\n`
}

function times(ratio: number): string {
  // a peer that got nothing done in its time
  if (!Number.isFinite(ratio)) return '-'
  return `${ratio.toFixed(ratio < 10 ? 2 : 1)}x`
}

/** Three significant digits, with thousands. */
function figure(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US')
  return Number(value.toPrecision(3)).toString()
}
