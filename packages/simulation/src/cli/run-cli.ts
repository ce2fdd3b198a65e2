import { playSeed, type SeedResult } from '../scenario/play-seed.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { shrink } from '../scenario/shrink.ts'
import { SCENARIOS } from '../scenarios/all.ts'
import { type CliOptions, HELP, parseOptions } from './options.ts'
import { Progress } from './progress.ts'

/** Lines of the trace that a failure shows: the end is what tells. */
const TRACE_LINES = 120
const MS_PER_MINUTE = 60_000

/** Runs what the arguments say; the result is the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  let options: CliOptions | 'help'
  let scenarios: Scenario[] = []
  try {
    options = parseOptions(args)
    if (options !== 'help') {
      const { broken } = options
      scenarios = options.services.map((name) => SCENARIOS[name]?.create(broken) ?? missing(name))
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`)
    return 2
  }
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const end = performance.now() + options.minutes * MS_PER_MINUTE
  let failed = false
  for (const [index, scenario] of scenarios.entries()) {
    // each service gets its share of the time that is left
    const share = (end - performance.now()) / (scenarios.length - index)
    const held = await runScenario(scenario, options, performance.now() + share)
    failed ||= !held
  }
  return failed ? 1 : 0
}

function missing(name: string): never {
  throw new RangeError(`there is no service ${name}`)
}

/** Seed after seed until one fails; true when none did. */
async function runScenario(
  scenario: Scenario,
  options: CliOptions,
  deadline: number,
): Promise<boolean> {
  const { from, to } = options
  const progress = new Progress()
  const started = performance.now()
  let virtualMs = 0
  let seed = from
  for (; seed <= to && performance.now() < deadline; seed += 1) {
    progress.show(seed - from, to - from + 1, `${scenario.name} seed ${seed}`)
    const result = await playSeed(scenario, seed)
    virtualMs += result.virtualMs
    if (options.trace) process.stdout.write(`${result.trace.text()}\n`)
    if (result.violation === undefined) continue
    progress.clear()
    await printFailure(scenario, result, options, progress)
    return false
  }
  progress.clear()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const hours = (virtualMs / 3_600_000).toFixed(2)
  console.log(
    `${scenario.name}: ${seed - from} seeds from ${from} held every invariant ` +
      `(${seconds} s, ${hours} simulated hours)`,
  )
  return true
}

async function printFailure(
  scenario: Scenario,
  failed: SeedResult,
  options: CliOptions,
  progress: Progress,
): Promise<void> {
  const { seed } = failed
  console.log(`${scenario.name}: seed ${seed} violates ${failed.violation?.message}`)
  let shown = failed
  if (options.shrink && !options.trace) {
    const before = failed.plan.events.length
    shown = await shrink(scenario, failed, (left) =>
      progress.show(before - left, before, 'shrinking'),
    )
    progress.clear()
    console.log(`shrunk from ${before} to ${shown.plan.events.length} events:`)
    console.log(`  ${shown.violation?.message}`)
    console.log(`settings ${JSON.stringify(shown.plan.settings)}`)
    console.log(shown.trace.text(TRACE_LINES))
  }
  const cause = shown.violation?.cause
  if (cause instanceof Error) console.log(cause.stack)
  const variant = options.broken === undefined ? '' : ` --break ${options.broken}`
  console.log(`replay: pnpm simulate --service ${scenario.name} --seed ${seed}${variant} [--trace]`)
}
