import { RequestError } from '@ashlar/service-kit'
import type { FastifyRequest } from 'fastify'
import type { RespValue } from '../protocol/value-writer.ts'
import type { CommandArgument, InProcessClient } from '../server/in-process.ts'
import type { ResolvedHttpOptions } from './options.ts'

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i

/** A session that acts as the user whom a request names: ACLs hold as they do for sockets. */
export class Session {
  readonly client: InProcessClient

  private constructor(client: InProcessClient) {
    this.client = client
  }

  /** Rejects with a RequestError or ReplyError for who may not come in. */
  static async open(request: FastifyRequest, options: ResolvedHttpOptions): Promise<Session> {
    if (isForeign(request)) {
      throw new RequestError(403, 'FOREIGN', 'a page of another site may not call this')
    }
    const login = credentialsOf(request.headers.authorization)
    if (login === undefined) checkAnonymous(request, options)
    const session = new Session(options.server.createClient())
    try {
      if (login === undefined) {
        // from here on it is `default`, if that needs no password, and nobody otherwise
        await session.run('RESET')
        await session.run('HELLO', '3')
      } else await session.run('AUTH', login.user, login.password)
      const { db } = request.query as { readonly db?: number }
      if (db !== undefined && db !== 0) await session.run('SELECT', db)
      return session
    } catch (error) {
      session.close()
      throw error
    }
  }

  /** Runs a command; bulk strings come as Buffers. */
  run(...args: readonly CommandArgument[]): Promise<RespValue> {
    return this.client.execute(args, { buffers: true })
  }

  /** Looking at keys from here must not make them look used. A user who may not say so goes on. */
  async doNotTouch(): Promise<void> {
    await this.run('CLIENT', 'NO-TOUCH', 'ON').catch(() => undefined)
  }

  close(): void {
    this.client.close()
  }
}

function credentialsOf(header: string | undefined) {
  if (header === undefined) return undefined
  const [, encoded] = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header) ?? []
  const text = Buffer.from(encoded ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon === -1) throw new RequestError(401, 'UNAUTHORIZED', 'Basic authorization is needed')
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** A page whose name was made to point here (DNS rebinding) calls this machine by that name. */
function checkAnonymous({ hostname }: FastifyRequest, { anonymous }: ResolvedHttpOptions): void {
  if (anonymous === 'allow' || (anonymous === 'local' && LOOPBACK.test(hostname))) return
  throw new RequestError(401, 'UNAUTHORIZED', 'the name and password of a user are needed')
}

/** Whether a browser sent it for a page of another site. */
function isForeign({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = headers
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}
