import { parseArgs } from 'node:util'
import { isStoreError } from '../errors.ts'
import {
  type CliCommand,
  DONE,
  FAILED,
  type OptionSpec,
  type Streams,
  UsageError,
  WRONG_USAGE,
} from './command.ts'
import { COMMANDS } from './commands.ts'

/** Runs the command line; returns 0 done, 1 failed, 2 called wrongly, 3 nothing found. */
export async function runCli(
  args: readonly string[],
  version: string,
  streams: Streams,
): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined) {
    streams.stderr.write(`${generalHelp()}\n`)
    return WRONG_USAGE
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    streams.stdout.write(`${generalHelp()}\n`)
    return DONE
  }
  if (name === '--version' || name === '-v') {
    streams.stdout.write(`ashlar-lsm ${version}\n`)
    return DONE
  }
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command === undefined) {
    const names = COMMANDS.map((candidate) => candidate.name).join(', ')
    return refuse(streams, `there is no command '${name}': it is one of ${names}`)
  }
  return runCommand(command, rest, streams)
}

async function runCommand(
  command: CliCommand,
  args: readonly string[],
  streams: Streams,
): Promise<number> {
  try {
    const { values, positionals } = parse(command, args)
    if (values['help'] === true) {
      streams.stdout.write(`${commandHelp(command)}\n`)
      return DONE
    }
    const parameters = assign(command, positionals)
    return await command.run({
      parameters,
      options: values,
      streams,
      json: values['json'] === true,
    })
  } catch (error) {
    if (error instanceof UsageError || isParseError(error)) {
      const hint = `Try 'ashlar-lsm ${command.name} --help'.`
      return refuse(streams, `${(error as Error).message}. ${hint}`)
    }
    // Options of the store are checked by the store.
    if (error instanceof RangeError || error instanceof TypeError) {
      return refuse(streams, error.message)
    }
    const code = isStoreError(error) ? `${error.code}: ` : ''
    streams.stderr.write(`ashlar-lsm: ${code}${(error as Error).message}\n`)
    return FAILED
  }
}

function refuse({ stderr }: Streams, message: string): number {
  stderr.write(`ashlar-lsm: ${message}\n`)
  return WRONG_USAGE
}

const COMMON: Readonly<Record<string, OptionSpec>> = {
  json: { help: 'print JSON' },
  help: { help: 'print this' },
}

interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly positionals: readonly string[]
}

function parse({ options }: CliCommand, args: readonly string[]): Parsed {
  const specs = Object.entries({ ...options, ...COMMON }).map(([name, { value }]) => {
    const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string'
    return [name, name === 'help' ? { type, short: 'h' } : { type }] as const
  })
  const parsed = parseArgs({
    args: [...args],
    options: Object.fromEntries(specs),
    allowPositionals: true,
    strict: true,
  })
  return {
    values: parsed.values as Parsed['values'],
    positionals: parsed.positionals,
  }
}

function isParseError(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}

function assign(command: CliCommand, given: readonly string[]): Readonly<Record<string, string>> {
  const needed = command.parameters.filter((name) => !name.endsWith('?'))
  const missing = needed[given.length]
  if (missing !== undefined) throw new UsageError(`<${missing}> is missing`)
  const extra = given[command.parameters.length]
  if (extra !== undefined) throw new UsageError(`'${extra}' is one argument too many`)
  return Object.fromEntries(
    given.map((value, i) => [(command.parameters[i] as string).replace('?', ''), value]),
  )
}

function synopsis({ name, parameters }: CliCommand): string {
  const shown = parameters.map((parameter) =>
    parameter.endsWith('?') ? `[${parameter.slice(0, -1)}]` : `<${parameter}>`,
  )
  return ['ashlar-lsm', name, ...shown].join(' ')
}

function generalHelp(): string {
  const width = Math.max(...COMMANDS.map((command) => synopsis(command).length))
  const lines = COMMANDS.map(
    (command) => `  ${synopsis(command).padEnd(width)}  ${command.summary}`,
  )
  return [
    'Looks at and takes care of stores of @ashlar/lsm-store.',
    '',
    ...lines,
    '',
    "'ashlar-lsm <command> --help' has the options of a command; --json prints JSON everywhere.",
    'Exit codes: 0 done, 1 failed, 2 called wrongly, 3 nothing found.',
  ].join('\n')
}

function commandHelp(command: CliCommand): string {
  const options = Object.entries({ ...command.options, ...COMMON }).map(([name, spec]) => {
    const left = spec.value === undefined ? `--${name}` : `--${name} <${spec.value}>`
    return `  ${left.padEnd(28)} ${spec.help}`
  })
  return [`Usage: ${synopsis(command)} [options]`, '', `${command.summary}.`, '', ...options].join(
    '\n',
  )
}
