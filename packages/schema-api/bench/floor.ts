// The least that could answer the benchmark's requests: node:http, node:sqlite, prepared SQL.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

const COLUMNS = 'id, customer_id, status, total, note, placed_on'

/** A server that knows exactly the five requests of the benchmark. */
export function startFloor(database: DatabaseSync): Promise<number> {
  const answer = createAnswers(database)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => send(response, answer(request, Buffer.concat(chunks).toString())))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

function send(response: ServerResponse, data: unknown): void {
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(JSON.stringify({ data }))
}

type Answers = (request: IncomingMessage, body: string) => unknown

function createAnswers(database: DatabaseSync): Answers {
  const one = database.prepare(`SELECT ${COLUMNS} FROM orders WHERE id = ?`)
  const page = `FROM orders WHERE status = ? AND placed_on > ? ORDER BY placed_on, id LIMIT 25`
  const list = database.prepare(`SELECT ${COLUMNS} ${page}`)
  const joined = database.prepare(`SELECT o.id, o.total, c.name AS customer_name
    FROM (SELECT id, total, customer_id, placed_on ${page}) AS o
    JOIN customers AS c ON c.id = o.customer_id ORDER BY o.placed_on, o.id`)
  const figures = database.prepare(`SELECT status, count(*) AS n, avg(total) AS average
    FROM orders WHERE customer_id = ? GROUP BY status ORDER BY status`)
  const insert = database.prepare(`INSERT INTO orders (customer_id, status, total, placed_on)
    VALUES (?, ?, ?, ?) RETURNING ${COLUMNS}`)
  return (request, body) => {
    const url = new URL(request.url ?? '', 'http://floor')
    if (request.method === 'POST') {
      const item = JSON.parse(body) as Record<string, string | number>
      const { customer_id, status, total, placed_on } = item
      return insert.get(customer_id ?? 0, status ?? '', total ?? 0, placed_on ?? '')
    }
    const key = url.pathname.slice('/items/orders'.length + 1)
    if (key !== '') return one.get(Number(key))
    if (url.searchParams.has('groupBy')) return grouped(figures, url)
    const filter = JSON.parse(url.searchParams.get('filter') ?? '{}') as ListFilter
    const values = [filter.status._eq, filter.placed_on._gt] as const
    if (!url.searchParams.get('fields')?.includes('.')) return list.all(...values)
    return joined.all(...values).map(({ customer_name, ...order }) => ({
      ...order,
      customer_id: { name: customer_name },
    }))
  }
}

interface ListFilter {
  readonly status: { readonly _eq: string }
  readonly placed_on: { readonly _gt: string }
}

function grouped(figures: StatementSync, url: URL): unknown {
  return figures.all(Number(url.searchParams.get('filter[customer_id][_eq]'))).map((row) => ({
    status: row['status'],
    count: String(row['n']),
    avg: { total: row['average'] },
  }))
}
