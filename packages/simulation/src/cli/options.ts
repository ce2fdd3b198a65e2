import { parseArgs } from 'node:util'
import { SCENARIOS } from '../scenarios/all.ts'

export const HELP: string = `Runs whole services under a hostile disk, network and clock, each run from a seed.

  pnpm simulate [--service <name>] [--seeds 1..1000] [--minutes 10]
  pnpm simulate --service <name> --seed 42 [--trace]

  --service <name>   ${Object.keys(SCENARIOS).join(', ')} or all (default)
  --seeds <a..b>     seeds to run (default 1..100)
  --seed <n>         one seed; prints the shrunk plan and trace when it fails
  --trace            prints the whole trace of --seed, as it is, not shrunk
  --minutes <n>      stops after so long, whatever is left
  --break <variant>  a variant broken on purpose, to see a failure
  --no-shrink        prints a failure as it came
  --help

Exit code: 0 when every seed held, 1 when an invariant was violated, 2 for wrong arguments.
`

/** What the command line asks for. */
export interface CliOptions {
  readonly services: readonly string[]
  readonly from: number
  readonly to: number
  readonly minutes: number
  readonly trace: boolean
  readonly broken: string | undefined
  readonly shrink: boolean
}

/** Reads the arguments; `help` when asked for. Throws RangeError or TypeError for wrong ones. */
export function parseOptions(args: readonly string[]): CliOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      service: { type: 'string', default: 'all' },
      seeds: { type: 'string', default: '1..100' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      break: { type: 'string' },
      'no-shrink': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const known = Object.keys(SCENARIOS)
  const { service } = values
  if (service !== 'all' && !known.includes(service)) {
    throw new RangeError(`--service: there is no ${service}; there are all, ${known.join(', ')}`)
  }
  if (values.trace && values.seed === undefined) throw new RangeError('--trace needs --seed')
  const [from, to] = parseSeeds(values.seed ?? values.seeds)
  const minutes = values.minutes === undefined ? Infinity : Number(values.minutes)
  if (!(minutes > 0)) throw new RangeError(`--minutes must be above 0, got ${values.minutes}`)
  return {
    services: service === 'all' ? known : [service],
    from,
    to,
    minutes,
    trace: values.trace,
    broken: values.break,
    shrink: !values['no-shrink'],
  }
}

function parseSeeds(text: string): [number, number] {
  const [first, last = first] = text.split('..').map(Number)
  if (Number.isSafeInteger(first) && Number.isSafeInteger(last)) {
    const [from, to] = [first as number, last as number]
    if (from >= 0 && from <= to) return [from, to]
  }
  throw new RangeError(`--seeds must be a number or a range such as 1..1000, got ${text}`)
}
