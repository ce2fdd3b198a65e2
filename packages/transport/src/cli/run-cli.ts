import { isTransportError } from '../errors.ts'
import type { Transport } from '../transport.ts'
import { bench } from './bench-command.ts'
import type { CliIo } from './io.ts'
import { kv } from './kv-commands.ts'
import { log } from './log-commands.ts'
import { pub, request, sub } from './message-commands.ts'
import { openTransport } from './open-transport.ts'
import { type Command, parseCommand } from './parse-command.ts'
import { HELP, UsageError } from './usage.ts'

const FAILED = 1
const CALLED_WRONGLY = 2
const NOT_THERE = 3

type Run = (transport: Transport, command: Command, io: CliIo) => Promise<number>

const COMMANDS: ReadonlyMap<string, Run> = new Map<string, Run>([
  ['pub', pub],
  ['sub', sub],
  ['request', request],
  ['log', log],
  ['kv', kv],
  ['bench', bench],
])

/** Runs a command line and tells the exit code; never throws. */
export async function runCli(args: readonly string[], version: string, io: CliIo): Promise<number> {
  try {
    const command = parseCommand(args)
    if (command.flags.help) {
      io.out(HELP)
      return 0
    }
    if (command.flags.version) {
      io.out(version)
      return 0
    }
    return await run(command, io)
  } catch (error) {
    return report(error, io)
  }
}

async function run(command: Command, io: CliIo): Promise<number> {
  const [name] = command.words
  if (name === undefined) throw new UsageError('a command is missing')
  const body = COMMANDS.get(name)
  if (body === undefined) throw new UsageError(`there is no command ${name}`)
  await using transport = await openTransport(command, io)
  return await body(transport, command, io)
}

function report(error: unknown, io: CliIo): number {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UsageError) {
    io.err(`ashlar-transport: ${message}\nashlar-transport --help tells more`)
    return CALLED_WRONGLY
  }
  if (isTransportError(error)) {
    io.err(`ashlar-transport: ${error.code}: ${message}`)
    const missing = ['NO_RESPONDERS', 'LOG_MISSING', 'KV_MISSING']
    return missing.includes(error.code) ? NOT_THERE : FAILED
  }
  io.err(`ashlar-transport: ${message}`)
  return error instanceof TypeError || error instanceof RangeError ? CALLED_WRONGLY : FAILED
}
