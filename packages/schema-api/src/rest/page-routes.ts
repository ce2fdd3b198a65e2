import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { RestContext } from './plugin.ts'
import { sendJson } from './respond.ts'

const SCRIPTS = ['page', 'control', 'dom', 'record', 'rest', 'schema', 'sidebar', 'table']
const FILES: readonly (readonly [name: string, type: string])[] = [
  ['page.css', 'text/css; charset=utf-8'],
  ...SCRIPTS.map((name) => [`${name}.js`, 'text/javascript; charset=utf-8'] as const),
]

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The page at `/` and `/admin`: static files that hold no data; what they show comes from REST. */
export async function pageRoutes(app: FastifyInstance, { options }: RestContext): Promise<void> {
  const html = await read('index.html')
  for (const path of ['/', '/admin']) {
    app.get(path, async (request, reply) => {
      // the page's own links are relative, so under a prefix the address must end with a slash
      const [address = ''] = request.url.split('?')
      if (path === '/' && !address.endsWith('/')) return reply.redirect(`${address}/`)
      return reply
        .header('content-type', 'text/html; charset=utf-8')
        .header('content-security-policy', POLICY)
        .header('referrer-policy', 'no-referrer')
        .header('cache-control', 'no-cache')
        .send(html)
    })
  }
  app.get('/admin/config.json', async (_request, reply) => {
    const { auth, defaultLimit } = options
    return sendJson(reply, JSON.stringify({ needsToken: auth !== undefined, defaultLimit }))
  })
  for (const [name, type] of FILES) {
    const text = await read(name)
    app.get(`/admin/${name}`, async (_request, reply) =>
      reply.header('content-type', type).header('cache-control', 'no-cache').send(text),
    )
  }
}

function read(name: string): Promise<string> {
  return readFile(fileURLToPath(import.meta.resolve(`#public/${name}`)), 'utf8')
}
