import type { Logger } from '@ashlar/codec'
import { applyArguments } from './config/command-line.ts'
import { DIRECTIVES } from './config/directives.ts'
import { defaultSettings, type Settings } from './config/settings.ts'
import { RespServerError } from './errors.ts'
import { serveHttp } from './serve-http.ts'
import { openFromSettings } from './server/open-from-settings.ts'
import { REDIS_VERSION, serverVersion } from './server/version.ts'

const HELP = `Usage: ashlar-resp [/path/to/redis.conf] [--name value ...]
       ashlar-resp - (read configuration from standard input)
       ashlar-resp --dir <folder> --export-rdb <file> | --import-rdb <file>
       ashlar-resp --help | --version

Redis' own configuration file and options, for the settings that exist here:
${DIRECTIVES.map(({ name }) => `  --${name}`).join('\n')}

Data is kept in --dir unless --appendonly no is given. What redis-server left there, an RDB file (--dbfilename) or
its append-only log (--appenddirname), is imported when nothing is stored yet (--import-from). --export-rdb writes
an RDB file for redis-server and ends; --import-rdb reads one over what is stored and ends. With --backup-dir
BGSAVE adds backups there, which ashlar-lsm lists and restores.
--http-port serves keys, commands and metrics over HTTP (/openapi.json), for users of the ACL; it needs
fastify beside this package. --loadmodule takes files that export a module.

Examples:
       ashlar-resp --port 6379 --dir ./data --appendfsync always
       ashlar-resp redis.conf --port 7777
       ashlar-resp --port 0 --unixsocket /run/ashlar.sock
       ashlar-resp --tls-port 6380 --tls-cert-file cert.pem --tls-key-file key.pem --tls-auth-clients no
       ashlar-resp --http-port 8080 --loadmodule ./my-module.js`

function fail(message: string): never {
  console.error(`ashlar-resp: ${message}`)
  process.exit(1)
}

const ACTIONS: ReadonlySet<string> = new Set(['--export-rdb', '--import-rdb'])

interface FileAction {
  readonly what: '--export-rdb' | '--import-rdb'
  readonly file: string
}

/** Takes what is no setting of Redis' out of the arguments: a file to write or read instead of serving. */
function takeFileAction(args: readonly string[]): {
  action: FileAction | undefined
  rest: string[]
} {
  const at = args.findIndex((one) => ACTIONS.has(one))
  if (at === -1) return { action: undefined, rest: [...args] }
  const [what, file] = args.slice(at) as [FileAction['what'], string?]
  if (file === undefined) fail(`${what} needs the name of a file`)
  const rest = [...args.slice(0, at), ...args.slice(at + 2)]
  return { action: { what, file }, rest }
}

async function moveFile(settings: Settings, logger: Logger, action: FileAction): Promise<void> {
  settings.port = 0
  settings.unixsocket = ''
  if (action.what === '--import-rdb' && !settings.appendonly) {
    fail('--import-rdb needs a store to import into: appendonly is no')
  }
  const server = await openFromSettings(settings, logger, () => {}, false)
  try {
    if (action.what === '--export-rdb') {
      console.log(`${action.file}: ${server.exportRdb(action.file)} bytes`)
    } else {
      const { keys, expired, libraries } = await server.importRdb(action.file)
      console.log(`${action.file}: ${keys} keys, ${expired} expired, ${libraries} libraries`)
    }
  } finally {
    await server.close()
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return console.log(HELP)
  if (args.includes('--version') || args.includes('-v')) {
    return console.log(`ashlar-resp ${serverVersion()} (speaks Redis ${REDIS_VERSION})`)
  }
  const { action, rest } = takeFileAction(args)
  const settings = defaultSettings()
  applyArguments(settings, rest)
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
  if (action !== undefined) return moveFile(settings, logger, action)
  log('*', `ashlar-resp ${serverVersion()} starting, PID: ${process.pid}`)
  const server = await openFromSettings(settings, logger, () => process.exit(0))
  const { host, port, tlsPort, path } = server.address
  const { httpPort, bind } = settings
  const http =
    httpPort === 0 ? undefined : await serveHttp(server, httpPort, bind[0] ?? '127.0.0.1')
  if (http !== undefined) log('*', 'Serving HTTP', { url: http.url })
  log('*', 'Ready to accept connections', {
    ...(host && { host }),
    ...(port && { port }),
    ...(tlsPort && { tlsPort }),
    ...(path && { path }),
  })
  let isStopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) return
      isStopping = true
      log('*', `Received ${signal}, saving and closing`)
      const closed = Promise.resolve(http?.close()).then(() => server.close())
      closed.then(
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
