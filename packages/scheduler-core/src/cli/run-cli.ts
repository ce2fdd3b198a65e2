import { Command, CommanderError, Option } from 'commander'
import { isSchedulerError } from '../errors.ts'
import { type BenchFlags, bench } from './bench.ts'
import { command } from './command.ts'
import {
  CommandFailed,
  type CommonFlags,
  cancel,
  type EditFlags,
  edit,
  type ListFlags,
  list,
  type PauseFlags,
  pause,
  redrive,
  resume,
  retry,
  show,
  stats,
} from './commands.ts'
import { type GrowFlags, grow } from './grow.ts'
import { NATS_ENVIRONMENT } from './nats-transport.ts'
import { addSchedules } from './schedule-program.ts'
import { type ServeFlags, serve } from './serve.ts'
import { TOKEN_VARIABLE } from './token.ts'
import { type WorkFlags, work } from './work.ts'

const FAILED = 1
const WRONG_USAGE = 2

/** Runs the command line and gives the exit code: 0 done, 1 failed, 2 called wrongly. */
export async function runCli(argv: readonly string[], version: string): Promise<number> {
  try {
    await createProgram(version).parseAsync(argv)
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE
    console.error(`ashlar-scheduler: ${error instanceof Error ? error.message : String(error)}`)
    if (error instanceof CommandFailed || isSchedulerError(error)) return FAILED
    return error instanceof RangeError || error instanceof TypeError ? WRONG_USAGE : FAILED
  }
}

function createProgram(version: string): Command {
  const program = new Command('ashlar-scheduler')
    .description('Looks after the tasks of a scheduler: in a folder, or of a running server.')
    .version(version)
    .addHelpText(
      'after',
      `\nEnvironment:\n  ${TOKEN_VARIABLE}  token that serve asks for, and that is sent to --url` +
        `\n  ${NATS_ENVIRONMENT}: for --nats` +
        '\n\nExit codes: 0 done, 1 failed or not all of it done, 2 called wrongly',
    )
    .exitOverride()
  addReading(program)
  addChanges(program)
  addSchedules(program)
  program
    .command('serve')
    .description('Serves tasks over HTTP, and with --handlers runs them, until SIGINT or SIGTERM.')
    .option('--store <dir>', 'folder of the tasks; made when it is not there')
    .option('--port <number>', 'port to listen on', '7878')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--handlers <module>', 'file that exports the handlers of the tasks')
    .option('--drain-ms <number>', 'what running tasks are given to end', '10000')
    .option('--json', 'print one JSON object instead of text')
    .exitOverride()
    .action((flags: ServeFlags) => serve(flags))
  program
    .command('work')
    .description('Runs tasks of a cluster, until SIGINT or SIGTERM.')
    .option('--nats <urls>', 'servers, nats://... or tls://..., separated by commas')
    .option('--namespace <name>', 'which cluster there')
    .option('--handlers <module>', 'file that exports the handlers of the tasks')
    .option('--replicas <number>', 'copies of what is new on the servers: 1, 3 or 5', '1')
    .option('--concurrency <number>', 'runs at one time', '50')
    .option('--drain-ms <number>', 'what running tasks are given to end', '10000')
    .option('--json', 'print one JSON object instead of text')
    .exitOverride()
    .action((flags: WorkFlags) => work(flags))
  program
    .command('grow')
    .description('Makes more partitions of a running cluster.')
    .argument('<partitions>', 'how many there are to be, up to 1024')
    .option('--nats <urls>', 'servers, nats://... or tls://..., separated by commas')
    .option('--namespace <name>', 'which cluster there')
    .option('--timeout <seconds>', 'how long to wait; the cluster goes on by itself', '3600')
    .option('--json', 'print one JSON object instead of text')
    .exitOverride()
    .action((partitions: string, flags: GrowFlags) => grow(partitions, flags))
  program
    .command('bench')
    .description('Measures scheduling and running on this machine, in a temporary folder.')
    .option('--tasks <number>', 'tasks to measure with', '100000')
    .option('--json', 'print one JSON object instead of a table')
    .exitOverride()
    .action((flags: BenchFlags) => bench(flags))
  return program
}

function addReading(program: Command): void {
  const states = ['scheduled', 'waiting', 'blocked', 'running', 'dead', 'completed']
  command(program, 'list', 'Lists tasks.')
    .addOption(new Option('--state <state>', 'which').choices(states).default('scheduled'))
    .option('--queue <name>', 'of this queue')
    .option('--key <key>', 'of this key')
    .option('--tenant <name>', 'of this tenant')
    .option('--handler <name>', 'for this handler')
    .option('--text <text>', 'with this in key, unique key, failure or payload')
    .option('--limit <number>', 'at most so many, up to 1000', '20')
    .option('--cursor <cursor>', 'from where the last page ended')
    .action((flags: ListFlags) => list(flags))
  command(program, 'show', 'Shows a task with payload, failure and result.')
    .argument('<id>')
    .action((id: string, flags: CommonFlags) => show(id, flags))
  command(program, 'stats', 'Shows the queues, and what is long overdue.').action(
    (flags: CommonFlags) => stats(flags),
  )
}

function addChanges(program: Command): void {
  command(program, 'cancel', 'Cancels tasks that have not started.')
    .argument('<id...>')
    .action((ids: string[], flags: CommonFlags) => cancel(ids, flags))
  command(program, 'retry', 'Lets tasks run now: dead letters, and those that wait.')
    .argument('<id...>')
    .action((ids: string[], flags: CommonFlags) => retry(ids, flags))
  command(program, 'redrive', 'Brings back all dead letters of a queue.')
    .argument('<queue>')
    .action((queue: string, flags: CommonFlags) => redrive(queue, flags))
  command(program, 'edit', 'Gives a task that has not started another payload or priority.')
    .argument('<id>')
    .option('--payload <json>', 'in the place of its payload')
    .option('--priority <number>', '0 to 9')
    .action((id: string, flags: EditFlags) => edit(id, flags))
  command(program, 'pause', 'Lets nothing of a queue, or of one key in it, start.')
    .argument('<queue...>')
    .option('--key <key>', 'only this key')
    .option('--tenant <name>', 'whose key it is')
    .action((queues: string[], flags: PauseFlags) => pause(queues, flags))
  command(program, 'resume', 'Lets tasks of a queue, or of one key in it, start again.')
    .argument('<queue...>')
    .option('--key <key>', 'only this key')
    .option('--tenant <name>', 'whose key it is')
    .action((queues: string[], flags: PauseFlags) => resume(queues, flags))
}
