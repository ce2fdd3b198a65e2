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
       ashlar-resp --dir <folder> --export-rdb <file>
       ashlar-resp --help | --version

Redis' own configuration file and options, for the settings that exist here:
${DIRECTIVES.map(({ name }) => `  --${name}`).join('\n')}

Data is kept in --dir unless --appendonly no is given. An RDB file there (--dbfilename, dump.rdb) is
imported when nothing is stored yet; --export-rdb <file> writes one for redis-server, and ends.
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

/** Takes `--export-rdb <file>`, which is no setting of Redis', out of the arguments. */
function takeExport(args: readonly string[]): { exportTo: string | undefined; rest: string[] } {
  const at = args.indexOf('--export-rdb')
  if (at === -1) return { exportTo: undefined, rest: [...args] }
  const file = args[at + 1]
  if (file === undefined) fail('--export-rdb needs the name of a file')
  return { exportTo: file, rest: [...args.slice(0, at), ...args.slice(at + 2)] }
}

async function exportAll(settings: Settings, logger: Logger, file: string): Promise<void> {
  settings.port = 0
  settings.unixsocket = ''
  const server = await openFromSettings(settings, logger, () => {}, false)
  try {
    console.log(`${file}: ${server.exportRdb(file)} bytes`)
  } finally {
    await server.close()
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return console.log(HELP)
  if (args.includes('--version') || args.includes('-v')) {
    return console.log(`ashlar-resp ${serverVersion()} (speaks Redis ${REDIS_VERSION})`)
  }
  const { exportTo, rest } = takeExport(args)
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
  if (exportTo !== undefined) return exportAll(settings, logger, exportTo)
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
