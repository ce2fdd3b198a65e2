import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { play, type Row, type Score } from './contest.ts'

type Result = Row & Score

export interface BenchOptions {
  /** What all rows have in common, such as the sync modes of both sides: said above them. */
  readonly about?: string
}

/** Runs the rows that the command line asks for, prints each as it ends and sets the exit code. */
export async function runBench(
  packageName: string,
  rows: readonly Row[],
  { about }: BenchOptions = {},
): Promise<void> {
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
  const isExact = (name: string): boolean => rows.some((row) => row.name === name)
  const isMeant = (row: Row) => (name: string) =>
    isExact(name) ? row.name === name : row.name.includes(name)
  const chosen = rows.filter((row) => flags.only.length === 0 || flags.only.some(isMeant(row)))
  if (chosen.length === 0) {
    throw new Error(`--only matches no row; there are: ${rows.map((row) => row.name).join(', ')}`)
  }
  const results: Result[] = []
  const command = `pnpm --filter ${packageName} bench${flags.quick ? ' --quick' : ''}`
  const head = `${circumstances(command, about)}\n\n${COLUMNS}`
  if (!flags.json) console.log(flags.markdown ? head : circumstances(command, about))
  for (const row of chosen) {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${row.name} ...`)
    const result = { ...row, ...(await play(row, flags.quick)) }
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
    results.push(result)
    if (flags.json) console.log(JSON.stringify(record(packageName, result)))
    else if (!flags.markdown) console.log(line(result))
    if (flags.markdown) {
      // row by row: a run that is cut off leaves what it measured
      if (!flags.json) console.log(tableLine(result))
      updateReadme((table) => withLine(table || head, tableLine(result)))
    }
  }
  if (flags.markdown && flags.only.length === 0) {
    updateReadme(() => [head, ...results.map(tableLine)].join('\n'))
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

function tableLine({ name, unit, peer, ours, theirs, ratio, notes = '' }: Result): string {
  return (
    `| ${name} | ${figure(ours)} ${unit} | ${figure(theirs)} ${unit} (${peer}) | ` +
    `${times(ratio)} | ${notes} |`
  )
}

const COLUMNS = '| row | ours | peer | ratio | notes |\n| --- | --- | --- | --- | --- |'

/** What was run, and where. */
function circumstances(command: string, about: string | undefined): string {
  const [cpu] = cpus()
  const machine =
    `Node ${process.versions.node}, ${cpus().length} x ${cpu?.model.trim() ?? process.arch}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB`
  return [
    `\`${command}\` on ${machine}. Medians of rounds that take`,
    'turns; a ratio above 1 means that ours is better.',
    ...(about === undefined ? [] : [about]),
  ].join('\n')
}

/** Changes the table where the package's README has the marks for it. */
function updateReadme(change: (table: string) => string): void {
  if (!existsSync('README.md')) return
  const readme = readFileSync('README.md', 'utf8')
  const marked = /(<!-- bench -->\n)([\s\S]*?)(<!-- \/bench -->)/
  const updated = readme.replace(
    marked,
    (_, open: string, old: string, close: string) => `${open}\n${change(old.trim())}\n\n${close}`,
  )
  writeFileSync('README.md', updated)
}

/** The table with this line in the place of the one for the same row, or at its end. */
function withLine(table: string, line: string): string {
  const nameOf = (text: string): string | undefined => text.split('|')[1]?.trim()
  const lines = table.split('\n')
  const at = lines.findIndex((other) => other.startsWith('| ') && nameOf(other) === nameOf(line))
  return lines.with(at === -1 ? lines.push(line) - 1 : at, line).join('\n')
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
