import { type Api, createApi } from '../api.ts'
import { isLoopback } from '../rest/guard.ts'
import type { Listening } from '../rest/server.ts'

/** The flags of `ashlar-api serve`, as commander gives them. */
export interface ServeFlags {
  readonly port: string
  readonly host: string
  readonly allowHost?: readonly string[]
  readonly hide?: readonly string[]
  readonly key: readonly string[]
  readonly pages: boolean
  readonly json?: boolean
}

/** Serves until SIGINT or SIGTERM; a second signal does not wait for requests under way. */
export async function serve(database: string, flags: ServeFlags): Promise<void> {
  const port = Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`--port must be a number from 0 to 65535, not ${flags.port}`)
  }
  const token = process.env['ADMIN_TOKEN']
  if (!token && !isLoopback(flags.host.includes(':') ? `[${flags.host}]` : flags.host)) {
    throw new RangeError(`to listen on ${flags.host}, set ADMIN_TOKEN to a secret first`)
  }
  const api = await createApi({
    database,
    ...(token ? { auth: { token } } : {}),
    allowedHosts: flags.allowHost ?? [],
    hidden: flags.hide ?? [],
    keys: Object.fromEntries(flags.key.map(parseKeyFlag)),
    pages: flags.pages,
    events: { onError: (error) => console.error(error) },
  })
  try {
    const server = await api.listen({ port, host: flags.host })
    const stopped = stopSignal()
    announce(api, server, { database, flags, hasToken: Boolean(token) })
    await stopped
  } finally {
    await api.close()
  }
}

function parseKeyFlag(text: string): [string, readonly string[]] {
  const equals = text.lastIndexOf('=')
  if (equals <= 0) throw new RangeError(`--key must be <view>=<field>,..., not ${text}`)
  return [text.slice(0, equals), text.slice(equals + 1).split(',')]
}

interface Announcement {
  readonly database: string
  readonly flags: ServeFlags
  readonly hasToken: boolean
}

function announce(api: Api, server: Listening, { database, flags, hasToken }: Announcement): void {
  const collections = [...api.catalog.collections.values()]
  const tables = collections.filter(({ kind }) => kind !== 'view').length
  const views = collections.length - tables
  if (flags.json) {
    console.log(JSON.stringify({ url: server.url, database, tables, views, token: hasToken }))
    return
  }
  const lines = [
    `Serving ${database}: ${count(tables, 'table')}, ${count(views, 'view')}`,
    `API    ${server.url}/items/<collection>`,
    ...(flags.pages ? [`Page   ${server.url}/`] : []),
    ...(hasToken ? [] : ['No ADMIN_TOKEN is set: only requests from this machine are served.']),
  ]
  console.log(lines.join('\n'))
}

const count = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? '' : 's'}`

/** Resolves at the first signal. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    const stop = (): void => {
      if (isStopping) process.exit(1)
      isStopping = true
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
