import { Command, CommanderError } from 'commander'
import { isApiError } from '../errors.ts'
import { type ServeFlags, serve } from './serve.ts'

const FAILED = 1
const WRONG_USAGE = 2

/** Runs the command line and gives the exit code: 0 done, 1 failed, 2 called wrongly. */
export async function runCli(argv: readonly string[], version: string): Promise<number> {
  const program = createProgram(version)
  try {
    await program.parseAsync(argv)
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE
    console.error(`ashlar-api: ${messageOf(error)}`)
    const isUsage = error instanceof RangeError || error instanceof TypeError
    return isUsage ? WRONG_USAGE : FAILED
  }
}

function createProgram(version: string): Command {
  const program = new Command('ashlar-api')
    .description('A REST API and a web page over an existing SQL database.')
    .version(version)
    .exitOverride()
  program
    .command('serve')
    .description('Serves a database until it is told to stop (SIGINT or SIGTERM).')
    .argument('<database-url>', 'sqlite:./file.db, or the path of an SQLite file')
    .option('--port <number>', 'port to listen on', '8055')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--allow-host <name...>', 'host names to answer to without a token')
    .option('--hide <collection...>', 'tables and views that are not served')
    .option('--key <view=field,...>', 'what identifies a row of a view; repeatable', collect, [])
    .option('--no-pages', 'serve the API alone, without the web page')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nEnvironment:\n  ADMIN_TOKEN  asked of every request; without it only this machine is served',
    )
    .exitOverride()
    .action((database: string, flags: ServeFlags) => serve(database, flags))
  return program
}

const collect = (value: string, earlier: readonly string[]): readonly string[] => [
  ...earlier,
  value,
]

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (isApiError(error)) return error.message
  if ('code' in error && error.code === 'EADDRINUSE') {
    return 'The port is in use; choose another with --port.'
  }
  return error.message
}
