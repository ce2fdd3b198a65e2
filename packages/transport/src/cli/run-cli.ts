import { isTransportError } from '../errors.ts'
import type { Transport } from '../transport.ts'
import { bench } from './bench-command.ts'
import type { CliIo } from './io.ts'
import { kv } from './kv-commands.ts'
import { log } from './log-commands.ts'
import { pub, request, sub } from './message-commands.ts'
import { openTransport } from './open-transport.ts'
import { type Command, parseCommand, usageOf } from './parse-command.ts'
import { helpOf, UsageError } from './usage.ts'

const FAILED = 1
const CALLED_WRONGLY = 2
const NOT_THERE = 3
/** As a shell tells of a process that a signal has ended. */
const INTERRUPTED: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 }

const MISSING: readonly string[] = ['NO_RESPONDERS', 'LOG_MISSING', 'KV_MISSING']
const INVALID: readonly string[] = ['SUBJECT_INVALID', 'KEY_INVALID']

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
      await io.out(helpOf(command.words))
      return 0
    }
    if (command.flags.version) {
      await io.out(version)
      return 0
    }
    return await run(command, io)
  } catch (error) {
    return report(error, io)
  }
}

async function run(command: Command, io: CliIo): Promise<number> {
  const { follows = false, tidies = false } = usageOf(command)
  const body = COMMANDS.get(command.words[0] ?? '')
  if (body === undefined) throw new UsageError(`there is no command ${command.words[0]}`)
  const isFollowing = typeof follows === 'string' ? follows in command.flags : follows
  const opening = openTransport(command, io)
  await using transport = await unlessInterrupted(opening, io.signal, closeLate)
  const running = body(transport, command, io)
  if (isFollowing) return await running
  if (!tidies) return await unlessInterrupted(running, io.signal)
  const code = await running
  if (io.signal.aborted) throw new Interruption(String(io.signal.reason))
  return code
}

/** Rejects when the signal comes first; what then still comes is handed to `late`. */
function unlessInterrupted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  late: (value: T) => unknown = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => {
      work.then(late).catch(() => undefined) // nobody waits for it any more
      reject(new Interruption(String(signal.reason)))
    }
    if (signal.aborted) interrupt()
    signal.addEventListener('abort', interrupt, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', interrupt))
  })
}

const closeLate = (transport: Transport): Promise<void> => transport.close()

/** The command was ended before it was done. */
class Interruption extends Error {
  override readonly name = 'Interruption'
}

function report(error: unknown, io: CliIo): number {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof Interruption) return INTERRUPTED[message] ?? FAILED
  if (error instanceof UsageError) {
    io.err(`ashlar-transport: ${message}\nashlar-transport --help tells more`)
    return CALLED_WRONGLY
  }
  if (isTransportError(error)) {
    io.err(`ashlar-transport: ${error.code}: ${message}`)
    if (MISSING.includes(error.code)) return NOT_THERE
    return INVALID.includes(error.code) ? CALLED_WRONGLY : FAILED
  }
  io.err(`ashlar-transport: ${message}`)
  return error instanceof TypeError || error instanceof RangeError ? CALLED_WRONGLY : FAILED
}
