import { applyArguments } from './config/command-line.ts'
import { DIRECTIVES } from './config/directives.ts'
import { defaultSettings } from './config/settings.ts'
import { RespServerError } from './errors.ts'
import { openFromSettings } from './server/open-from-settings.ts'
import { REDIS_VERSION, serverVersion } from './server/version.ts'

const HELP = `Usage: ashlar-resp [/path/to/redis.conf] [--name value ...]
       ashlar-resp - (read configuration from standard input)
       ashlar-resp --help | --version

Redis' own configuration file and options, for the settings that exist here:
${DIRECTIVES.map(({ name }) => `  --${name}`).join('\n')}

Data is kept in --dir unless --appendonly no is given.

Examples:
       ashlar-resp --port 6379 --dir ./data --appendfsync always
       ashlar-resp redis.conf --port 7777
       ashlar-resp --port 0 --unixsocket /run/ashlar.sock`

function fail(message: string): never {
  console.error(`ashlar-resp: ${message}`)
  process.exit(1)
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return console.log(HELP)
  if (args.includes('--version') || args.includes('-v')) {
    return console.log(`ashlar-resp ${serverVersion()} (speaks Redis ${REDIS_VERSION})`)
  }
  const settings = defaultSettings()
  applyArguments(settings, args)
  const log = (mark: string, message: string, fields: Record<string, unknown> = {}): void => {
    const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`)
    const at = new Date().toISOString()
    console.log(`${process.pid}:M ${at} ${mark} ${message}${facts.join('')}`)
  }
  const logger = {
    debug: () => {},
    info: (message: string, fields?: Record<string, unknown>) => log('*', message, fields),
    warn: (message: string, fields?: Record<string, unknown>) => log('#', message, fields),
    error: (message: string, fields?: Record<string, unknown>) => log('#', message, fields),
  }
  log('*', `ashlar-resp ${serverVersion()} starting, PID: ${process.pid}`)
  const server = await openFromSettings(settings, logger, () => process.exit(0))
  const { host, port, path } = server.address
  log('*', 'Ready to accept connections', { ...(port && { host, port }), ...(path && { path }) })
  let isStopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) return
      isStopping = true
      log('*', `Received ${signal}, saving and closing`)
      server.close().then(
        () => process.exit(0),
        (error: unknown) => fail(String(error)),
      )
    })
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof RespServerError || error instanceof Error) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
    fail(error.message + cause)
  }
  fail(String(error))
})
